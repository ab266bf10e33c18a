/// Walks the index of a table, whatever its form, from data block to data block.
///
/// Handles must ascend without overlap: an index that lists a block twice is damaged, which also bounds what a hostile
/// file can make a reader read. After an error the cursor is not valid and `next` goes on behind the damaged partition
/// or entry. Not to be used through two copies.
public struct IndexCursor {
  private let table: TableReader
  /// The top level of a two-level index; not loaded otherwise.
  private var top = BlockCursor()
  /// The index block or the current partition.
  private var leaf = BlockCursor()
  private var partition: ByteBuffer?
  /// The block that `leaf` walks.
  private var leafHandle: BlockHandle
  private let isTwoLevel: Bool
  private let usesCache: Bool
  private let decompressor = Decompressor()
  /// Where the last accepted handles end, for the check of the order; 0 after a seek.
  private var blockFloor: UInt64 = 0
  private var partitionFloor: UInt64 = 0

  public private(set) var isValid = false
  /// The current data block.
  public private(set) var handle = BlockHandle(offset: 0, size: 0)

  /// `usesCache`: as of `TableReader.cursor`.
  public init(_ table: TableReader, usesCache: Bool = true) {
    self.table = table
    self.usesCache = usesCache
    leafHandle = table.indexHandle
    isTwoLevel = table.indexFormat.kind == .twoLevel
  }

  /// The separator of the current data block as stored: an internal key, or a user key, as the table's `indexFormat`
  /// says. Valid until the cursor moves.
  public var separator: UnsafeRawBufferPointer { leaf.key }

  /// The first internal key of the current data block, where the index tells it.
  public func firstKey() throws(DatabaseError) -> UnsafeRawBufferPointer? {
    do throws(FormatError) {
      return try leaf.indexFirstKey(table.indexFormat)
    } catch {
      throw damaged(error)
    }
  }

  // MARK: Moving

  public mutating func seekToFirst() throws(DatabaseError) {
    try open()
    try next()
  }

  /// Goes to the first data block whose separator is at or behind `target`, an internal key in stored form.
  public mutating func seek(_ target: UnsafeRawBufferPointer) throws(DatabaseError) {
    try open()
    let format = table.indexFormat
    guard target.count >= 8 else { throw DatabaseError(.invalid, "internal key shorter than 8 bytes") }
    let key = format.keysAreUserKeys ? target.internalKeyUserKey : target
    if isTwoLevel {
      let isFound: Bool
      do throws(FormatError) {
        isFound = try top.seek(key, order: table.storedOrder, form: format.keyForm)
      } catch {
        throw damagedTop(error)
      }
      guard isFound else { return }
      try loadPartition()
    }
    let isFound: Bool
    do throws(FormatError) {
      isFound = try leaf.seek(key, order: table.storedOrder, form: format.keyForm)
    } catch {
      throw damaged(error)
    }
    if isFound { try accept() } else { try nextPartition() }
  }

  public mutating func next() throws(DatabaseError) {
    isValid = false
    let more: Bool
    do throws(FormatError) {
      more = try leaf.next()
    } catch {
      throw damaged(error)
    }
    if more { try accept() } else { try nextPartition() }
  }

  public mutating func seekToLast() throws(DatabaseError) {
    try open()
    if isTwoLevel {
      do throws(FormatError) {
        guard try top.seekToLast() else { return }
      } catch {
        throw damagedTop(error)
      }
      try loadPartition()
    }
    try acceptLastOfLeaf()
  }

  public mutating func previous() throws(DatabaseError) {
    guard isValid else { return }
    isValid = false
    let ceiling = handle.offset
    let more: Bool
    do throws(FormatError) {
      more = try leaf.previous()
    } catch {
      throw damaged(error)
    }
    blockFloor = 0
    if more { try accept() } else { try previousPartition() }
    guard !isValid || (handle.end ?? .max) <= ceiling else {
      isValid = false
      throw damaged(FormatError("handles of data blocks do not ascend"))
    }
  }

  // MARK: Steps

  /// Before the first entry of all.
  private mutating func open() throws(DatabaseError) {
    isValid = false
    blockFloor = 0
    partitionFloor = 0
    leaf.unload()
    do throws(FormatError) {
      if isTwoLevel {
        try top.load(table.indexBlock.bytes, as: table.indexFormat.layout(topLevel: true))
      } else {
        try leaf.load(table.indexBlock.bytes, as: table.indexFormat.layout(topLevel: false))
      }
    } catch {
      throw damagedTop(error)
    }
  }

  private mutating func accept() throws(DatabaseError) {
    do throws(FormatError) {
      handle = try leaf.indexHandle()
    } catch {
      throw damaged(error)
    }
    guard handle.offset >= blockFloor, let end = handle.end else {
      throw damaged(FormatError("handles of data blocks do not ascend", at: leaf.entryOffset))
    }
    blockFloor = end
    isValid = true
  }

  /// The first entry of the next partition that has one; not valid when there is none.
  private mutating func nextPartition() throws(DatabaseError) {
    guard isTwoLevel else { return }
    while true {
      do throws(FormatError) {
        guard try top.next() else { return }
      } catch {
        throw damagedTop(error)
      }
      try loadPartition()
      do throws(FormatError) {
        guard try leaf.next() else { continue }
      } catch {
        throw damaged(error)
      }
      return try accept()
    }
  }

  private mutating func previousPartition() throws(DatabaseError) {
    guard isTwoLevel else { return }
    do throws(FormatError) {
      guard try top.previous() else { return }
    } catch {
      throw damagedTop(error)
    }
    partitionFloor = 0
    try loadPartition()
    try acceptLastOfLeaf()
  }

  /// The last entry of the leaf. Only the first partition of all may have none: a walk back over many empty ones would
  /// take time that grows with the square of the file.
  private mutating func acceptLastOfLeaf() throws(DatabaseError) {
    do throws(FormatError) {
      guard try leaf.seekToLast() else {
        guard isTwoLevel, top.entryOffset > 0 else { return }
        throw FormatError("index partition without entries")
      }
    } catch {
      throw damaged(error)
    }
    try accept()
  }

  /// Loads the partition that the top level points to, before its first entry.
  private mutating func loadPartition() throws(DatabaseError) {
    leaf.unload()
    let next: BlockHandle
    do throws(FormatError) {
      next = try top.indexHandle()
    } catch {
      throw damagedTop(error)
    }
    guard next.offset >= partitionFloor, let end = next.end else {
      throw damagedTop(FormatError("handles of index partitions do not ascend", at: top.entryOffset))
    }
    partitionFloor = end
    leafHandle = next
    let contents = try partition(at: next)
    partition = contents
    do throws(FormatError) {
      try leaf.load(contents.bytes, as: table.indexFormat.layout(topLevel: false))
    } catch {
      throw damaged(error)
    }
  }

  private func partition(at handle: BlockHandle) throws(DatabaseError) -> ByteBuffer {
    let cache = usesCache ? table.cache : nil
    if let block = cache?.block(handle) { return block }
    let block = try table.file.readBlock(handle, kind: .indexPartition, decompressor: decompressor)
    cache?.keep(block, handle, isPriority: true)
    return block
  }

  private func damaged(_ error: FormatError) -> DatabaseError {
    table.file.corruption(error, isTwoLevel ? .indexPartition : .index, at: leafHandle)
  }

  private func damagedTop(_ error: FormatError) -> DatabaseError {
    table.file.corruption(error, .index, at: table.indexHandle)
  }
}
