import SofaTesting

@testable import SofaDB

/// A table put together block by block, in which anything may be wrong but the checksums: what a hostile file looks
/// like. CRC-32C, no compression unless a block says so.
struct RawTable {
  private(set) var bytes: [UInt8] = []
  /// Names and values of the metaindex, in any order.
  var meta: [(name: String, value: [UInt8])] = []
  var version: UInt32 = 5

  /// Sizes at which arithmetic breaks.
  static let extremes: [UInt64] = [
    0, 1, 4, 1 << 7, 1 << 14, 1 << 21, 1 << 28, 1 << 31, 1 << 32, 1 << 35, 1 << 42, 1 << 49, 1 << 53, 1 << 56, 1 << 62,
    1 << 63, .max - 5, .max - 4, .max - 1, .max, UInt64(Int64.max), UInt64(Int64.max) - 5, UInt64(UInt32.max),
    UInt64(Int32.max),
  ]

  /// Appends bytes that belong to no block.
  mutating func fill(_ count: Int) { bytes += [UInt8](repeating: 0, count: count) }

  /// Appends a block and its trailer.
  mutating func add(_ content: [UInt8], type: UInt8 = 0) -> BlockHandle {
    let handle = BlockHandle(offset: UInt64(bytes.count), size: UInt64(content.count))
    bytes += content
    let checksum = content.withUnsafeBytes { ChecksumType.crc32c.blockChecksum($0, type: type) }
    var trailer = ByteWriter()
    BlockTrailer(compressionByte: type, checksum: checksum).append(to: &trailer)
    bytes += trailer.array
    return handle
  }

  /// Appends the metaindex and a footer with an index at `index`, or with any handles at all.
  mutating func close(index: BlockHandle, metaindex: BlockHandle? = nil) -> [UInt8] {
    let written = add(RawTable.block(meta.map { (Array($0.name.utf8), $0.value) }))
    var footer = ByteWriter()
    Footer(
      formatVersion: version, checksum: .crc32c, metaindex: metaindex ?? written, index: index,
      offset: UInt64(bytes.count)
    ).append(to: &footer)
    return bytes + footer.array
  }

  static func handle(_ handle: BlockHandle) -> [UInt8] {
    var writer = ByteWriter()
    handle.append(to: &writer)
    return writer.array
  }

  static func varints(_ values: UInt64...) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.appendVarint(value) }
    return writer.array
  }

  static func key(_ text: String, sequence: SequenceNumber = 7, kind: EntryKind = .value) -> [UInt8] {
    InternalKey(userKey: Array(text.utf8), sequence: sequence, kind: kind).bytes
  }

  /// Entries that share nothing, one restart.
  static func block(_ entries: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var writer = ByteWriter()
    for entry in entries {
      writer.append(UInt8(0))
      writer.appendVarint(entry.key.count)
      writer.appendVarint(entry.value.count)
      writer.append(entry.key)
      writer.append(entry.value)
    }
    writer.appendFixed32(0)
    writer.appendFixed32(1)
    return writer.array
  }

  /// One data block with `data` in it, an index with one entry, and the properties that say how many entries there are.
  static func around(_ data: [UInt8], type: UInt8 = 0, entries: UInt64 = 1) -> [UInt8] {
    var table = RawTable()
    let handle = table.add(data, type: type)
    return table.withIndex([(key("z"), RawTable.handle(handle))], entries: entries)
  }

  /// Appends properties and an index of these entries, and closes.
  mutating func withIndex(_ entries: [(key: [UInt8], value: [UInt8])], entries count: UInt64 = 1) -> [UInt8] {
    let index = add(RawTable.block(entries))
    var properties = TableProperties()
    properties.set(.comparator, KeyOrder.bytewise.name)
    properties[.entryCount] = RawTable.varints(count)
    let block = RawTable.block(properties.all.map { ($0.name, $0.value) })
    meta.append(("rocksdb.properties", RawTable.handle(add(block))))
    return close(index: index)
  }
}
