/// A cursor over tables that follow each other without overlap: a level, or a single table. Opens them one at a time.
///
/// Without a `DamageLog` damage is thrown. With one, damaged blocks and tables are noted there and left out; failures
/// of the disk and features that are not supported are thrown in either case.
struct TableRun {
  private let tables: [TableMetadata]
  private let cache: TableCache
  private let order: KeyOrder
  private let damage: DamageLog?
  private var index = 0
  private var cursor: TableCursor?
  private(set) var table: TableReader?

  init(_ tables: [TableMetadata], cache: TableCache, order: KeyOrder, damage: DamageLog?) {
    self.tables = tables
    self.cache = cache
    self.order = order
    self.damage = damage
  }

  private(set) var isValid = false
  @inline(__always) var key: UnsafeRawBufferPointer { cursor!.key }
  @inline(__always) var value: UnsafeRawBufferPointer { cursor!.value }

  mutating func seekToFirst() throws(DatabaseError) {
    index = 0
    cursor = nil
    try enter { cursor throws(DatabaseError) in try cursor.seekToFirst() }
  }

  mutating func seek(_ internalKey: UnsafeRawBufferPointer) throws(DatabaseError) {
    index = firstTable(endingAtOrAfter: internalKey)
    cursor = nil
    try enter { cursor throws(DatabaseError) in try cursor.seek(internalKey) }
  }

  private func firstTable(endingAtOrAfter internalKey: UnsafeRawBufferPointer) -> Int {
    var low = 0
    var high = tables.count
    while low < high {
      let middle = (low + high) / 2
      let ends = tables[middle].largest.bytes.withUnsafeBytes { order.compareInternal($0, internalKey) < 0 }
      if ends { low = middle + 1 } else { high = middle }
    }
    return low
  }

  @inline(__always)
  mutating func next() throws(DatabaseError) {
    do throws(DatabaseError) { try cursor!.next() } catch { try absorb(error) }
    isValid = cursor!.isValid
    if !isValid {
      index += 1
      try enter { cursor throws(DatabaseError) in try cursor.seekToFirst() }
    }
  }

  /// Opens tables from `index` on until one has an entry; `position` places the cursor in the first.
  private mutating func enter(
    _ position: (inout TableCursor) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    var isFirst = true
    isValid = false
    while index < tables.count {
      if try open() {
        do throws(DatabaseError) {
          if isFirst { try position(&cursor!) } else { try cursor!.seekToFirst() }
        } catch { try absorb(error) }
        isValid = cursor!.isValid
        if isValid { return }
      }
      isFirst = false
      index += 1
    }
    table = nil
    cursor = nil
  }

  /// False when the table is too damaged to open and that is tolerated.
  private mutating func open() throws(DatabaseError) -> Bool {
    let metadata = tables[index]
    do throws(DatabaseError) {
      let reader = try cache.reader(metadata, order: order)
      table = reader
      cursor = reader.cursor()
      return true
    } catch {
      guard let damage, error.kind == .corruption || error.kind == .notFound else { throw error }
      damage.add(
        DamageGap(
          file: error.file, offset: nil, length: metadata.size, from: metadata.smallest.userKey,
          to: metadata.largest.userKey, error: error))
      return false
    }
  }

  /// Notes the damage that the cursor met and moves behind it.
  private mutating func absorb(_ first: DatabaseError) throws(DatabaseError) {
    var error = first
    while true {
      guard let damage, error.kind == .corruption, let table else { throw error }
      let handle = cursor!.blockHandle
      var gap = DamageGap(
        file: table.name, offset: error.offset, length: nil, from: nil, to: nil, error: error)
      // Elsewhere lies a partition of the index.
      if let offset = error.offset, offset >= handle.offset, offset - handle.offset <= handle.size {
        (gap.offset, gap.length) = (handle.offset, handle.size)
        (gap.from, gap.to) = bounds(of: handle, in: table)
      }
      damage.add(gap)
      do throws(DatabaseError) {
        try cursor!.next()
        return
      } catch let another { error = another }
    }
  }

  /// The user keys of the separators around a data block, as far as the index tells.
  private func bounds(of block: BlockHandle, in table: TableReader) -> (from: [UInt8]?, to: [UInt8]?) {
    var index = IndexCursor(table)
    var before: [UInt8]?
    do throws(DatabaseError) {
      try index.seekToFirst()
      while index.isValid {
        let separator = [UInt8](index.separator)
        let userKey = table.indexFormat.keysAreUserKeys ? separator : Array(separator.dropLast(8))
        if index.handle == block { return (before, userKey) }
        before = userKey
        try index.next()
      }
    } catch { /* The damage of the index is met, and noted, by the scan itself. */  }
    return (before, nil)
  }
}
