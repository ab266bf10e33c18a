/// Every block that a table's footer, metaindex and index lead to, and what could not be followed.
///
/// Data blocks keep index order, which must be file order: handles that go back or overlap are errors, so no map is
/// longer than its file allows.
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

  /// All but data blocks, in no order.
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
      if kind == .filterIndex { filterIndexes.append(entry.handle) }
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
  }

  private mutating func walkIndex(_ top: BlockHandle, _ format: IndexFormat) {
    guard format.kind == .twoLevel else {
      walk(top, kind: .index, layout: format.layout(topLevel: false)) { map, separator, handle in
        map.addData(handle, separator)
      }
      return
    }
    var partitions: [BlockHandle] = []
    walk(top, kind: .index, layout: format.layout(topLevel: true)) { _, _, handle in partitions.append(handle) }
    for partition in partitions {
      blocks.append(Block(kind: .indexPartition, handle: partition))
      walk(partition, kind: .indexPartition, layout: format.layout(topLevel: false)) { map, separator, handle in
        map.addData(handle, separator)
      }
    }
  }

  private mutating func walkFilterIndex(_ handle: BlockHandle, _ format: IndexFormat) {
    walk(handle, kind: .filterIndex, layout: format.layout(topLevel: true)) { map, separator, partition in
      map.blocks.append(Block(kind: .filterPartition, handle: partition))
      map.filterPartitions.append(DataBlock(handle: partition, separator: map.keep(separator)))
    }
  }

  private mutating func addData(_ handle: BlockHandle, _ separator: UnsafeRawBufferPointer) {
    if let last = data.last, let end = last.handle.end, handle.offset < end {
      let error = DatabaseError(
        .corruption, file: file.file.name, offset: handle.offset, "an index entry goes back in the file")
      problems.append(Problem(kind: .index, handle: handle, error: error))
      return
    }
    guard handle.lies(within: file.footer.offset) else {
      let error = DatabaseError(
        .corruption, file: file.file.name, offset: handle.offset, "an index entry points outside the file")
      problems.append(Problem(kind: .index, handle: handle, error: error))
      return
    }
    data.append(DataBlock(handle: handle, separator: keep(separator)))
  }

  private mutating func keep(_ separator: UnsafeRawBufferPointer) -> Range<Int> {
    let start = separators.count
    separators.append(contentsOf: separator)
    return start..<separators.count
  }

  private mutating func walk(
    _ handle: BlockHandle, kind: BlockKind, layout: BlockCursor.Layout,
    _ each: (inout TableMap, UnsafeRawBufferPointer, BlockHandle) -> Void
  ) {
    do throws(DatabaseError) {
      let block = try file.readBlock(handle, kind: kind)
      if kind != .filterIndex { indexBytes += UInt64(block.count) }
      do throws(FormatError) {
        var cursor = BlockCursor()
        try cursor.load(block.bytes, as: layout)
        while try cursor.next() { each(&self, cursor.key, try cursor.indexHandle()) }
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
