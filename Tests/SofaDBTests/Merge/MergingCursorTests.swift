import SofaTesting
import Testing

@testable import SofaDB

@Suite struct MergingCursorTests {
  private struct Version: Equatable {
    var key: [UInt8]
    var input: Int
  }

  /// Any number of inputs comes out as one sorted list does; of equal versions the one of the newer input is first.
  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise], 0..<40)
  func agreesWithSorting(order: KeyOrder, seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let start = [UInt8](repeating: 9, count: [0, 3, 8, 20][seed % 4])
    let (sources, versions) = inputs(seed % 10, order, start: start, &random)
    var cursor = MergingCursor(sources, order: order)
    try cursor.seekToFirst()
    #expect(try rest(&cursor) == versions)
    for _ in 0..<10 {
      let target = InternalKey(userKey: start + key(&random), sequence: 3, kind: .value)
      let bytes = ByteBuffer(target.bytes)
      try cursor.seek(bytes.bytes)
      let expected = versions.filter { version in
        version.key.withUnsafeBytes { order.compareInternal($0, bytes.bytes) >= 0 }
      }
      #expect(try rest(&cursor) == expected)
    }
  }

  /// Steps in both directions, from anywhere: what a walk over the sorted list meets.
  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise], 0..<40)
  func turnsAnywhere(order: KeyOrder, seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed) + 500)
    let start = [UInt8](repeating: 9, count: [0, 3, 8, 20][seed % 4])
    let (sources, versions) = inputs(seed % 10, order, start: start, &random)
    var cursor = MergingCursor(sources, order: order)
    try cursor.seekToLast()
    var place = versions.indices.last
    for _ in 0..<200 {
      let found = cursor.isValid ? Version(key: [UInt8](cursor.key), input: cursor.source) : nil
      try #require(found == place.map { versions[$0] })
      let target = ByteBuffer(InternalKey(userKey: start + key(&random), sequence: 3, kind: .value).bytes)
      switch place == nil ? random.below(4) : random.below(12) {
      case 0:
        try cursor.seek(target.bytes)
        place = versions.firstIndex { compare($0, target, order) >= 0 }
      case 1:
        try cursor.seek(atOrBefore: target.bytes)
        place = versions.lastIndex { compare($0, target, order) <= 0 }
      case 2:
        try cursor.seekToFirst()
        place = versions.indices.first
      case 3:
        try cursor.seekToLast()
        place = versions.indices.last
      case 4...7:
        try cursor.next()
        place = place! + 1 < versions.count ? place! + 1 : nil
      default:
        try cursor.previous()
        place = place! > 0 ? place! - 1 : nil
      }
    }
  }

  private func compare(_ version: Version, _ target: ByteBuffer, _ order: KeyOrder) -> Int {
    version.key.withUnsafeBytes { order.compareInternal($0, target.bytes) }
  }

  /// Bounds that do not hold change nothing but the speed, and what is said to lie below the upper one does.
  @Test(arguments: 0..<30)
  func boundsAreHints(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed) + 100)
    let start: [UInt8] = seed % 2 == 0 ? [] : [5, 5, 5]
    let (sources, versions) = inputs(4, .bytewise, start: start, &random)
    let bounds = [start + key(&random), start + key(&random)]
    var cursor = MergingCursor(sources, order: .bytewise, lower: bounds[0], upper: bounds[1])
    try cursor.seekToFirst()
    var seen: [Version] = []
    while cursor.isValid {
      if cursor.isClearlyBelowUpper {
        let userKey = [UInt8](cursor.key.internalKeyUserKey)
        #expect(KeyOrder.bytewise.compare(userKey, bounds[1]) < 0)
      }
      seen.append(Version(key: [UInt8](cursor.key), input: cursor.source))
      try cursor.next()
    }
    #expect(seen == versions)
  }

  @Test func withoutInputsThereIsNothing() throws {
    var cursor = MergingCursor([], order: .bytewise)
    try cursor.seekToFirst()
    let isValid = cursor.isValid
    #expect(!isValid)
  }

  private func rest(_ cursor: inout MergingCursor) throws -> [Version] {
    var seen: [Version] = []
    while cursor.isValid {
      let (value, input) = (Array(cursor.value), cursor.source)
      #expect(value == [UInt8(input)])
      seen.append(Version(key: [UInt8](cursor.key), input: cursor.source))
      try cursor.next()
    }
    return seen
  }

  /// Inputs, some of them empty, and all that they hold in the order of a merge.
  private func inputs(
    _ count: Int, _ order: KeyOrder, start: [UInt8], _ random: inout SeededRandom
  ) -> (sources: [EntrySource], versions: [Version]) {
    var sources: [EntrySource] = []
    var versions: [Version] = []
    for input in 0..<count {
      let entries = SortedEntries()
      var own: Set<[UInt8]> = []
      for _ in 0..<[0, 1, 40, 80][Int.random(in: 0..<4, using: &random)] {
        let outlier = Int.random(in: 0..<20, using: &random) == 0
        let userKey = (outlier ? [] : start) + key(&random)
        let sequence = UInt64.random(in: 1...5, using: &random)
        let internalKey = InternalKey(userKey: userKey, sequence: sequence, kind: .value).bytes
        guard own.insert(internalKey).inserted else { continue }
        userKey.withUnsafeBytes { userKey in
          [UInt8(input)].withUnsafeBytes { entries.add(userKey: userKey, sequence: sequence, kind: .value, value: $0) }
        }
        versions.append(Version(key: internalKey, input: input))
      }
      entries.seal(order: order)
      sources.append(EntrySource(entries, order: order))
    }
    versions.sort { left, right in
      let result = left.key.withUnsafeBytes { a in right.key.withUnsafeBytes { order.compareInternal(a, $0) } }
      return result == 0 ? left.input < right.input : result < 0
    }
    return (sources, versions)
  }

  private func key(_ random: inout SeededRandom) -> [UInt8] {
    (0..<Int.random(in: 0...9, using: &random)).map { _ in UInt8.random(in: 0..<3, using: &random) }
  }
}
