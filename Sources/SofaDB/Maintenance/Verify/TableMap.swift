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

  struct DataBlock {
    var handle: BlockHandle
    /// Where its separator lies in `separators`, as stored: internal or user key.
    var separator: Range<Int>
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
  private(set) var separators: [UInt8] = []
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
      walk(top, kind: .index, layout: format.layout(topLevel: false)) {
        (map, separator, handle) throws(FormatError) in try map.addData(handle, separator)
      }
      return
    }
    var partitions: [BlockHandle] = []
    walk(top, kind: .index, layout: format.layout(topLevel: true)) { (_, _, handle) throws(FormatError) in
      try TableMap.checkAscent(handle, from: partitions.last)
      partitions.append(handle)
    }
    for partition in partitions {
      blocks.append(Block(kind: .indexPartition, handle: partition))
      walk(partition, kind: .indexPartition, layout: format.layout(topLevel: false)) {
        (map, separator, handle) throws(FormatError) in try map.addData(handle, separator)
      }
    }
  }

  private static func checkAscent(_ handle: BlockHandle, from last: BlockHandle?) throws(FormatError) {
    guard handle.offset >= last?.end ?? 0, handle.end != nil else {
      throw FormatError("handles of partitions do not ascend")
    }
  }

  private mutating func walkFilterIndex(_ handle: BlockHandle, _ format: IndexFormat) {
    walk(handle, kind: .filterIndex, layout: format.layout(topLevel: true)) {
      (map, separator, partition) throws(FormatError) in
      try TableMap.checkAscent(partition, from: map.filterPartitions.last?.handle)
      map.blocks.append(Block(kind: .filterPartition, handle: partition))
      map.filterPartitions.append(DataBlock(handle: partition, separator: try map.keep(separator)))
    }
  }

  private mutating func addData(_ handle: BlockHandle, _ separator: UnsafeRawBufferPointer) throws(FormatError) {
    if let last = data.last, let end = last.handle.end, handle.offset < end {
      return try add(.index, handle, "an index entry goes back in the file")
    }
    guard handle.lies(within: file.footer.offset) else {
      return try add(.index, handle, "an index entry points outside the file")
    }
    data.append(DataBlock(handle: handle, separator: try keep(separator)))
  }

  private mutating func add(_ kind: BlockKind, _ handle: BlockHandle, _ detail: String) throws(FormatError) {
    guard problems.count < TableMap.problemLimit else { throw FormatError("more problems than are worth listing") }
    let error = DatabaseError(.corruption, file: file.file.name, offset: handle.offset, detail)
    problems.append(Problem(kind: kind, handle: handle, error: error))
  }

  private mutating func keep(_ separator: UnsafeRawBufferPointer) throws(FormatError) -> Range<Int> {
    // Separators can share nearly everything with their neighbours; no real index grows like this.
    guard UInt64(separators.count + separator.count) <= (16 << 20) + 16 * file.size else {
      throw FormatError("separators many times larger than the file")
    }
    let start = separators.count
    separators.append(contentsOf: separator)
    return start..<separators.count
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
    _ handle: BlockHandle, kind: BlockKind, layout: BlockCursor.Layout,
    _ each: (inout TableMap, UnsafeRawBufferPointer, BlockHandle) throws(FormatError) -> Void
  ) {
    do throws(DatabaseError) {
      let block = try file.readBlock(handle, kind: kind)
      defer { withExtendedLifetime(block) {} }
      if kind != .filterIndex { indexBytes += UInt64(block.count) }
      do throws(FormatError) {
        var cursor = BlockCursor()
        try cursor.load(block.bytes, as: layout)
        var restarts = 0
        while try cursor.next() {
          try cursor.checkRestart(&restarts)
          try each(&self, cursor.key, try cursor.indexHandle())
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
    func key(_ index: Int) -> [UInt8] { Array(separators[data[index].separator].dropLast(suffix)) }
    return (index == 0 ? nil : key(index - 1), key(index))
  }
}
