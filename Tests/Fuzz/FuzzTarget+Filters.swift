import SofaTesting

@testable import SofaDB

/// Filters of all kinds, asked for any key, and our own, asked for what was added.
extension FuzzTarget {
  static let ofFilters = [
    FuzzTarget("filter", longest: 2048) {
      let full: [[UInt8]] = try ["filters-fastlocalbloom", "filters-legacybloom", "filters-ribbon"].flatMap { name in
        try Vectors(name)["filters"].array.map { [3] + Array("key".utf8) + $0["filter"].hexBytes }
      }
      let blocks: [[UInt8]] = try Vectors("filters-leveldb")["filter_blocks"].array.map {
        [3] + Array("key".utf8) + $0["filter_block"].hexBytes
      }
      return (full + blocks).filter { $0.count <= 2048 }
    } body: { bytes in
      var input = FuzzInput(bytes)
      let key = input.take(Int(input.byte() & 31))
      // At the end of its memory.
      let block = ByteBuffer(copying: input.rest)
      defer { withExtendedLifetime(block) {} }
      _ = FullFilter(block.bytes).mayContain(key)
      for isLevelDB in [true, false] {
        guard let filter = BlockBasedFilter(block.bytes, isLevelDB: isLevelDB) else { continue }
        for offset in [0, 2048, 1 << 40, .max] as [UInt64] { _ = filter.mayContain(key, blockOffset: offset) }
        _ = filter.count
      }
    },
    FuzzTarget("filter-builder", longest: 1024) {
      [[10, 5, 3] + Array("abcdefghijklmnopqrstuvwxyz".utf8), [1, 2, 1, 7, 7, 7]]
    } body: { bytes in
      builder(bytes)
    },
  ]

  private static func builder(_ bytes: UnsafeRawBufferPointer) {
    var input = FuzzInput(bytes)
    let bits = Double(input.byte()) / 2
    let version = Int(input.byte()) % 8
    let length = Int(input.byte()) % 32
    var builder = FilterBuilder(bitsPerKey: bits, formatVersion: version, order: .bytewise)
    guard builder.isActive else { return }
    var keys: [UnsafeRawBufferPointer] = []
    while !input.isAtEnd, keys.count < 500 {
      keys.append(input.take(max(length, 1)))
      builder.add(keys[keys.count - 1])
    }
    builder.endBlock()
    var output = ByteWriter()
    guard builder.build(blocks: 0..<1, into: &output) > 0 else { return }
    let filter = FullFilter(output.bytes)
    for key in keys { precondition(filter.mayContain(key), "a filter denies a key of its own") }
  }
}
