import SofaTesting

@testable import SofaDB

/// Blocks of tables, and what is read from single ones.
extension FuzzTarget {
  static let ofBlocks = [
    FuzzTarget("block", longest: 2048) {
      let blocks = try Vectors("blocks")["blocks"].array.map { $0["contents"].hexBytes }.filter { $0.count < 2048 }
      return blocks.map { [0] + $0 } + blocks.prefix(3).map { [2] + $0 }
    } body: { bytes in
      var input = FuzzInput(bytes)
      let layouts: [BlockCursor.Layout] = [.entries, .entries, .deltaIndex, .deltaIndexWithFirstKeys]
      let choice = input.byte()
      try walk(input.rest, layouts[Int(choice & 3)], choice & 4 == 0 ? .internalKey : .userKey)
    },
    FuzzTarget("hash-index", longest: 1024) {
      [[4, 1] + Array("abcdefghijklmnopqrstuvwxyz".utf8), [1, 3] + (0..<200).map { UInt8($0) }]
    } body: { bytes in
      try hashIndex(bytes)
    },
    FuzzTarget("footer", longest: 128) {
      let vectors = try Vectors("footers")
      return vectors["rocksdb"].array.map {
        FuzzInput.encoded(Int($0["footer_offset"].uint64)) + $0["footer"].hexBytes
      } + vectors["leveldb"].array.map { FuzzInput.encoded(9000) + $0["footer"].hexBytes }
    } body: { bytes in
      var input = FuzzInput(bytes)
      let offset = input.number()
      let size = UInt64(offset + input.rest.count)
      let footer = try Footer(decoding: input.rest, fileSize: size)
      var writer = ByteWriter()
      footer.append(to: &writer)
      let again = try Footer(decoding: writer.bytes, fileSize: size)
      precondition(again == footer && writer.count == footer.size, "a footer changed on its way")
    },
    FuzzTarget("properties", longest: 4096) {
      try Vectors("properties")["files"].array.map { $0["contents"].hexBytes }.filter { $0.count < 4096 }
    } body: { bytes in
      try properties(bytes)
    },
    FuzzTarget("metaindex", longest: 1024) {
      let entries = ["filter.leveldb.BuiltinBloomFilter2", "rocksdb.index", "rocksdb.properties"].sorted()
      var builder = BlockBuilder(restartInterval: 1)
      for name in entries {
        Array(name.utf8).withUnsafeBytes { key in [5, 9].withUnsafeBytes { builder.add(key, value: $0) } }
      }
      return [[UInt8](builder.finish())]
    } body: { bytes in
      let index = try MetaIndex(decoding: bytes)
      _ = (index.properties, index.index, index.rangeDeletions, index.dictionary, index.filters)
      for entry in index.entries { _ = (index.kind(of: entry), entry.handle.end, entry.handle.lies(within: 1 << 20)) }
    },
  ]

  /// Forwards; where that and the restarts are sound, backwards and by search as well, with the same keys.
  private static func walk(
    _ block: UnsafeRawBufferPointer, _ layout: BlockCursor.Layout, _ form: BlockCursor.KeyForm
  ) throws {
    var cursor = BlockCursor()
    try cursor.load(block, as: layout)
    var keys: [[UInt8]] = []
    var values: [[UInt8]] = []
    while try cursor.next() {
      keys.append([UInt8](cursor.key))
      values.append([UInt8](cursor.value))
      precondition(keys.count <= block.count, "more entries than bytes")
      if layout != .entries { _ = try cursor.indexHandle() }
    }
    let target = ByteBuffer(keys.last ?? [UInt8](repeating: 0x61, count: 12))
    defer { withExtendedLifetime(target) {} }
    do { try cursor.seek(target.bytes, order: .bytewise, form: form) } catch { _ = error }
    do { try cursor.checkRestarts() } catch { return try backwards(&cursor, keys.count) }
    guard layout == .entries else { return }
    var position = keys.count
    var more = try cursor.seekToLast()
    while more {
      position -= 1
      precondition(position >= 0 && cursor.key.elementsEqual(keys[position]), "the way back has other keys")
      precondition(cursor.value.elementsEqual(values[position]), "the way back has other values")
      more = try cursor.previous()
    }
    precondition(position == 0, "the way back is shorter")
    let isSorted = zip(keys, keys.dropFirst()).allSatisfy { one, two in
      form == .userKey
        ? one.lexicographicallyPrecedes(two) : one.count >= 8 && two.count >= 8 && compare(one, two) < 0
    }
    guard isSorted, form == .userKey || keys.allSatisfy({ $0.count >= 8 }) else { return }
    for (key, value) in zip(keys, values).prefix(20) {
      let isFound = try seek(&cursor, key, form)
      precondition(isFound && cursor.key.elementsEqual(key) && cursor.value.elementsEqual(value), "a key is not found")
    }
  }

  private static func compare(_ one: [UInt8], _ two: [UInt8]) -> Int {
    one.withUnsafeBytes { one in two.withUnsafeBytes { KeyOrder.bytewise.compareInternal(one, $0) } }
  }

  private static func seek(
    _ cursor: inout BlockCursor, _ key: [UInt8], _ form: BlockCursor.KeyForm
  ) throws -> Bool {
    try key.withUnsafeBytes { key in try cursor.seek(key, order: .bytewise, form: form) }
  }

  /// With restarts that lead anywhere the way back may end early, but it ends.
  private static func backwards(_ cursor: inout BlockCursor, _ count: Int) throws {
    var steps = 0
    var more = try cursor.seekToLast()
    while more, steps < 200 {
      steps += 1
      more = try cursor.previous()
    }
  }

  /// A hash index over keys of the input leads to each of them; with one byte changed it leads anywhere, in bounds.
  private static func hashIndex(_ bytes: UnsafeRawBufferPointer) throws {
    var input = FuzzInput(bytes)
    let interval = Int(input.byte()) % 16 + 1
    let length = Int(input.byte()) % 8 + 1
    let place = input.number()
    let change = input.byte()
    var keys: Set<[UInt8]> = []
    while !input.isAtEnd { keys.insert([UInt8](input.take(length))) }
    guard !keys.isEmpty else { return }
    var builder = BlockBuilder(restartInterval: interval, hashed: true)
    let internalKeys = keys.sorted { $0.lexicographicallyPrecedes($1) }.map {
      InternalKey(userKey: $0, sequence: 7, kind: .value).bytes
    }
    for key in internalKeys { key.withUnsafeBytes { builder.add($0, value: $0) } }
    let block = ByteBuffer([UInt8](builder.finish()))
    defer { withExtendedLifetime(block) {} }
    var cursor = BlockCursor()
    try cursor.load(block.bytes)
    try DataBlockHashIndex(cursor)?.check(&cursor)
    block.memory[place % block.count] ^= change
    try cursor.load(block.bytes)
    guard let index = DataBlockHashIndex(cursor) else { return }
    for key in internalKeys {
      let answer = key.withUnsafeBytes { index.lookup($0.internalKeyUserKey) }
      guard case .restart(let restart) = answer, restart < cursor.restartCount else { continue }
      try key.withUnsafeBytes { key in
        _ = try cursor.seek(key, order: .bytewise, form: .internalKey, fromRestart: restart)
      }
    }
    try index.check(&cursor)
  }

  private static func properties(_ bytes: UnsafeRawBufferPointer) throws {
    _ = try TableProperties.globalSequenceRange(in: bytes)
    let properties = try TableProperties(decoding: bytes)
    for name in PropertyName.allCases { _ = (properties.number(name), properties.text(name)) }
    _ = (properties.hasEmbeddedBlobs, properties.globalSequence, properties.unknown)
    var builder = BlockBuilder(restartInterval: 1)
    for property in properties.all {
      property.name.withUnsafeBytes { name in property.value.withUnsafeBytes { builder.add(name, value: $0) } }
    }
    let block = [UInt8](builder.finish())
    let again = try block.withUnsafeBytes { block in try TableProperties(decoding: block) }
    precondition(again == properties, "properties changed on their way")
    _ = try IndexFormat(properties)
  }
}
