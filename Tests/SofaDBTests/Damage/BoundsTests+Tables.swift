import SofaTesting

@testable import SofaDB

/// Tables of up to 1 MiB with right checksums that try to cost far more than their size.
extension BoundsTests {
  private static let entry = RawTable.block([(RawTable.key("a"), [1])])

  /// Content that compresses to nearly nothing: one block of the largest size, for each codec, as data, index, filter,
  /// properties.
  static func realBombs() -> [(name: String, content: [UInt8])] {
    var tables: [(String, [UInt8])] = []
    for codec in [Compression.zlib, .lz4, .zstd] {
      for size in [60 << 20, 70 << 20] {
        let payload = compressed([UInt8](repeating: 0, count: size), codec)
        tables.append(("\(codec) to \(size)", RawTable.around(payload, type: codec.rawValue)))
        for name in [
          "rocksdb.properties", "rocksdb.range_del", "rocksdb.compression_dict",
          "fullfilter.rocksdb.BuiltinBloomFilter",
        ] {
          var table = RawTable()
          let data = table.add(entry)
          table.meta.append((name, RawTable.handle(table.add(payload, type: codec.rawValue))))
          tables.append(("\(codec) \(name) to \(size)", table.withIndex([(RawTable.key("z"), RawTable.handle(data))])))
        }
      }
    }
    return tables.filter { $0.1.count <= 1 << 20 }
  }

  private static func compressed(_ content: [UInt8], _ codec: Compression) -> [UInt8] {
    var output = ByteWriter()
    let compressor = Compressor(codec: codec, level: nil, dictionary: nil)
    do {
      _ = try content.withUnsafeBytes { (bytes) throws(FormatError) in try compressor.compress(bytes, into: &output) }
    } catch {
      preconditionFailure("\(error)")
    }
    return output.array
  }

  static func repeatedMetaBlocks(_ name: String) -> [UInt8] {
    var table = RawTable()
    let data = table.add(entry)
    let large = table.add([UInt8](repeating: 7, count: 400 << 10))
    for number in 0..<19_000 { table.meta.append(("\(name)\(100_000 + number)", RawTable.handle(large))) }
    return table.withIndex([(RawTable.key("z"), RawTable.handle(data))])
  }

  static func repeatedPartitions(_ meta: String, twoLevel: Bool) -> [UInt8] {
    var table = RawTable()
    let data = table.add(entry)
    let leaf = RawTable.block(
      [(RawTable.key("z"), RawTable.handle(data))]
        + (0..<10_000).map {
          (RawTable.key("z\(100_000 + $0)"), RawTable.handle(data))
        })
    let partition = table.add(leaf)
    let top = (0..<20_000).map { (RawTable.key("z\(100_000 + $0)"), RawTable.handle(partition)) }
    let index = table.add(RawTable.block(top))
    table.meta.append((meta, RawTable.handle(index)))
    var properties = TableProperties()
    properties.set(.comparator, KeyOrder.bytewise.name)
    properties.set(.indexType, twoLevel ? 2 : 0)
    let block = table.add(RawTable.block(properties.all.map { ($0.name, $0.value) }))
    table.meta.append(("rocksdb.properties", RawTable.handle(block)))
    let plain = table.add(RawTable.block([(RawTable.key("z"), RawTable.handle(data))]))
    return table.close(index: twoLevel ? index : plain)
  }

  /// The low 24 bits, most significant first.
  private static func bytes(_ number: Int) -> [UInt8] {
    [
      UInt8(truncatingIfNeeded: number >> 16), UInt8(truncatingIfNeeded: number >> 8),
      UInt8(truncatingIfNeeded: number),
    ]
  }

  static func fallingProperties() -> [UInt8] {
    var table = RawTable()
    let data = table.add(entry)
    var names: [(key: [UInt8], value: [UInt8])] = []
    for number in (0..<100_000).reversed() { names.append((bytes(number), [])) }
    let block = table.add(RawTable.block(names))
    table.meta.append(("rocksdb.properties", RawTable.handle(block)))
    let index = table.add(RawTable.block([(RawTable.key("z"), RawTable.handle(data))]))
    return table.close(index: index)
  }

  /// A key of half a mebibyte, and tens of thousands of entries that repeat it but for their last bytes.
  static func sharedKeys(inIndex: Bool) -> [UInt8] {
    let length = 500_000
    var table = RawTable()
    let data = table.add(entry)
    var block = ByteWriter()
    let value = inIndex ? RawTable.handle(data) : []
    block.append(RawTable.varints(0, UInt64(length + 11), UInt64(value.count)))
    block.append([UInt8](repeating: 0x61, count: length) + RawTable.key("000") + value)
    for number in 1..<20_000 {
      block.append(RawTable.varints(UInt64(length), 11, UInt64(value.count)))
      block.append(InternalKey(userKey: bytes(number + 0x313030), sequence: 7, kind: .value).bytes + value)
    }
    block.appendFixed32(0)
    block.appendFixed32(1)
    let handle = table.add(block.array)
    guard !inIndex else { return table.close(index: handle) }
    return table.withIndex([(RawTable.key("z"), RawTable.handle(handle))])
  }

  static func repeatedBlob() -> [UInt8] {
    var table = RawTable()
    let blob = table.add([UInt8](repeating: 7, count: 400 << 10))
    let reference = [1] + RawTable.varints(0, blob.offset, blob.size) + [0]
    let data = table.add(
      RawTable.block((0..<20_000).map { (RawTable.key("k\(100_000 + $0)", kind: .blobIndex), reference) }))
    let index = table.add(RawTable.block([(RawTable.key("z"), RawTable.handle(data))]))
    var properties = TableProperties()
    properties.set(.comparator, KeyOrder.bytewise.name)
    properties[.embeddedBlobs] = [1, 1, 1]
    let block = table.add(RawTable.block(properties.all.map { ($0.name, $0.value) }))
    table.meta.append(("rocksdb.properties", RawTable.handle(block)))
    return table.close(index: index)
  }

  static func indexGoingBack() -> [UInt8] {
    var table = RawTable()
    let data = table.add([UInt8](repeating: 7, count: 400 << 10))
    return table.withIndex((0..<20_000).map { (RawTable.key("z\(100_000 + $0)"), RawTable.handle(data)) })
  }

  static func emptyBlocks() -> [UInt8] {
    var table = RawTable()
    let handles = (0..<20_000).map { _ in table.add(RawTable.block([])) }
    return table.withIndex(handles.enumerated().map { (RawTable.key("z\(100_000 + $0)"), RawTable.handle($1)) })
  }
}
