/// Every block that a table's footer, metaindex and index lead to, and what could not be followed.
///
/// No byte belongs to two blocks: data blocks, and partitions of index and filter, must ascend in the order of their
/// index, all others are compared with each other. So a map is no longer than its file allows, and what it leads to is
/// read at most twice.
struct TableMap {
  struct Block {
    var kind: BlockKind
    var handle: BlockHandle
  }

  /// Keys lie in `keys`, as stored: separators are internal or user keys.
  struct DataBlock {
    var handle: BlockHandle
    var separator: Range<Int>
    /// Its first internal key, where the index tells it.
    var firstKey: Range<Int>?
    /// The separator that leads to its partition of the index, for the last block of one.
    var partition: Range<Int>?
  }

  /// One entry of an index block, borrowed.
  private struct Entry {
    var separator: UnsafeRawBufferPointer
    var handle: BlockHandle
    var firstKey: UnsafeRawBufferPointer?
  }

  struct Problem {
    var kind: BlockKind
    var handle: BlockHandle
    var error: DatabaseError
  }

  /// Problems that are listed; a file full of them is walked no further.
  private static let problemLimit = 100

  /// All but data blocks, ascending by offset, none over another.
  private(set) var blocks: [Block] = []
  private(set) var data: [DataBlock] = []
  private(set) var keys: [UInt8] = []
  /// Partitions of the filter with the separators that lead to them.
  private(set) var filterPartitions: [DataBlock] = []
  private(set) var problems: [Problem] = []
  /// Uncompressed bytes of all index blocks.
  private(set) var indexBytes: UInt64 = 0
  private let file: TableFile

  init(_ file: TableFile, metaIndex: MetaIndex, format: IndexFormat) {
    self.file = file
    blocks.append(Block(kind: .metaindex, handle: file.footer.metaindex))
    var filterIndexes: [BlockHandle] = []
    for entry in metaIndex.entries {
      let kind = metaIndex.kind(of: entry)
      if kind == .index { continue }
      // Readers use the first.
      if kind == .filterIndex, filterIndexes.isEmpty { filterIndexes.append(entry.handle) }
      blocks.append(Block(kind: kind, handle: entry.handle))
    }
    do throws(DatabaseError) {
      let handle = try file.indexHandle(metaIndex)
      blocks.append(Block(kind: .index, handle: handle))
      walkIndex(handle, format)
    } catch {
      problems.append(Problem(kind: .index, handle: file.footer.metaindex, error: error))
    }
    for handle in filterIndexes { walkFilterIndex(handle, format) }
    checkOverlaps()
  }

  private mutating func walkIndex(_ top: BlockHandle, _ format: IndexFormat) {
    guard format.kind == .twoLevel else {
      walk(top, kind: .index, format, topLevel: false) { (map, entry) throws(FormatError) in try map.addData(entry) }
      return
    }
    var partitions: [(handle: BlockHandle, separator: Range<Int>)] = []
    walk(top, kind: .index, format, topLevel: true) { (map, entry) throws(FormatError) in
      try TableMap.checkAscent(entry.handle, from: partitions.last?.handle)
      partitions.append((entry.handle, try map.keep(entry.separator)))
    }
    for partition in partitions {
      blocks.append(Block(kind: .indexPartition, handle: partition.handle))
      let before = (data.count, problems.count)
      walk(partition.handle, kind: .indexPartition, format, topLevel: false) { (map, entry) throws(FormatError) in
        try map.addData(entry)
      }
      if data.count > before.0 {
        data[data.count - 1].partition = partition.separator
      } else if problems.count == before.1, partitions.count > 1 {
        // A reader that is sent there goes to the start of the next one, and misses what is further on.
        let error = FormatError("index partition without entries")
        problems.append(
          Problem(
            kind: .indexPartition, handle: partition.handle,
            error: file.corruption(error, .indexPartition, at: partition.handle)))
      }
    }
  }

  private static func checkAscent(_ handle: BlockHandle, from last: BlockHandle?) throws(FormatError) {
    guard handle.offset >= last?.end ?? 0, handle.end != nil else {
      throw FormatError("handles of partitions do not ascend")
    }
  }

  private mutating func walkFilterIndex(_ handle: BlockHandle, _ format: IndexFormat) {
    walk(handle, kind: .filterIndex, format, topLevel: true) { (map, entry) throws(FormatError) in
      try TableMap.checkAscent(entry.handle, from: map.filterPartitions.last?.handle)
      map.blocks.append(Block(kind: .filterPartition, handle: entry.handle))
      map.filterPartitions.append(DataBlock(handle: entry.handle, separator: try map.keep(entry.separator)))
    }
  }

  private mutating func addData(_ entry: Entry) throws(FormatError) {
    let handle = entry.handle
    if let last = data.last, let end = last.handle.end, handle.offset < end {
      return try add(.index, handle, "an index entry goes back in the file")
    }
    guard handle.lies(within: file.footer.offset) else {
      return try add(.index, handle, "an index entry points outside the file")
    }
    var block = DataBlock(handle: handle, separator: try keep(entry.separator))
    if let firstKey = entry.firstKey { block.firstKey = try keep(firstKey) }
    data.append(block)
  }

  private mutating func add(_ kind: BlockKind, _ handle: BlockHandle, _ detail: String) throws(FormatError) {
    guard problems.count < TableMap.problemLimit else { throw FormatError("more problems than are worth listing") }
    let error = DatabaseError(.corruption, file: file.file.name, offset: handle.offset, detail)
    problems.append(Problem(kind: kind, handle: handle, error: error))
  }

  private mutating func keep(_ key: UnsafeRawBufferPointer) throws(FormatError) -> Range<Int> {
    // Separators can share nearly everything with their neighbours; no real index grows like this.
    guard UInt64(keys.count + key.count) <= (16 << 20) + 16 * file.size else {
      throw FormatError("separators many times larger than the file")
    }
    let start = keys.count
    keys.append(contentsOf: key)
    return start..<keys.count
  }

  /// Leaves one of the blocks that lie over each other.
  private mutating func checkOverlaps() {
    blocks.sort { $0.handle.offset < $1.handle.offset }
    var kept: [Block] = []
    var next = 0
    do throws(FormatError) {
      for block in blocks {
        guard block.handle.lies(within: file.footer.offset) else {
          if problems.contains(where: { $0.handle == block.handle }) { continue }
          try add(block.kind, block.handle, "\(block.kind.name) does not lie in the file")
          continue
        }
        while next < data.count, data[next].handle.end ?? 0 <= block.handle.offset { next += 1 }
        let last = kept.last?.handle
        if last == block.handle { continue }
        let overlapsData = next < data.count && data[next].handle.offset < block.handle.end ?? 0
        if overlapsData || block.handle.offset < last?.end ?? 0 {
          try add(block.kind, block.handle, "\(block.kind.name) lies over another block")
        } else {
          kept.append(block)
        }
      }
    } catch {
      // The list is full of them.
    }
    blocks = kept
  }

  private mutating func walk(
    _ handle: BlockHandle, kind: BlockKind, _ format: IndexFormat, topLevel: Bool,
    _ each: (inout TableMap, Entry) throws(FormatError) -> Void
  ) {
    do throws(DatabaseError) {
      let block = try file.readBlock(handle, kind: kind)
      defer { withExtendedLifetime(block) {} }
      if kind != .filterIndex { indexBytes += UInt64(block.count) }
      do throws(FormatError) {
        var cursor = BlockCursor()
        try cursor.load(block.bytes, as: format.layout(topLevel: topLevel))
        var restarts = 0
        while try cursor.next() {
          try cursor.checkRestart(&restarts)
          let firstKey = topLevel ? nil : try cursor.indexFirstKey(format)
          try each(&self, Entry(separator: cursor.key, handle: try cursor.indexHandle(), firstKey: firstKey))
        }
        try cursor.checkLastRestart(restarts)
      } catch {
        throw file.corruption(error, kind, at: handle)
      }
    } catch {
      problems.append(Problem(kind: kind, handle: handle, error: error))
    }
  }

  /// The user keys of the separators around data block `index`.
  func bounds(_ index: Int, _ properties: TableProperties?) -> (from: [UInt8]?, to: [UInt8]?) {
    let suffix = properties?.indexKeysAreUserKeys == true ? 0 : 8
    func key(_ index: Int) -> [UInt8] { Array(keys[data[index].separator].dropLast(suffix)) }
    return (index == 0 ? nil : key(index - 1), key(index))
  }
}
