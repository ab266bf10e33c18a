import Testing

@testable import SofaDB

@Suite struct RangeTombstonesTests {
  /// Fragments must answer as a scan over all tombstones would, whatever the order of questions.
  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise], 0..<20)
  func agreesWithABruteForceScan(order: KeyOrder, seed: Int) {
    var random = Seeded(state: UInt64(seed) &* 77 &+ 1)
    let tombstones = (0..<Int.random(in: 0..<30, using: &random)).map { _ in
      RangeTombstone(begin: key(&random), end: key(&random), sequence: UInt64.random(in: 1...20, using: &random))
    }
    let snapshot = UInt64.random(in: 1...20, using: &random)
    let fragments = RangeTombstones(tombstones, order: order, snapshot: snapshot)
    let all = RangeTombstones(tombstones, order: order)
    let parts = (0..<3).map { part in
      RangeTombstones(tombstones.enumerated().filter { $0.offset % 3 == part }.map(\.element), order: order)
    }
    let merged = RangeTombstones(merging: parts, order: order, snapshot: snapshot)
    let one = RangeTombstones(merging: [all], order: order, snapshot: snapshot)
    #expect(merged.newest <= snapshot && one.newest <= snapshot)
    var hint = 0
    for _ in 0..<400 {
      let probe = key(&random)
      let expected =
        tombstones.filter {
          $0.sequence <= snapshot && order.compare($0.begin, probe) <= 0 && order.compare(probe, $0.end) < 0
        }.map(\.sequence).max() ?? 0
      let found = probe.withUnsafeBytes { fragments.sequence(over: $0, hint: &hint) }
      #expect(found == expected)
      for same in [merged, one] {
        var start = 0
        #expect(probe.withUnsafeBytes { same.sequence(over: $0, hint: &start) } == expected)
      }
      #expect(probe.withUnsafeBytes { all.newest(over: $0, at: snapshot).sequence } == expected)
    }
    for (left, right) in zip(fragments.fragments, fragments.fragments.dropFirst()) {
      #expect(order.compare(left.end, right.begin) <= 0)
    }
  }

  private func key(_ random: inout Seeded) -> [UInt8] {
    (0..<Int.random(in: 0..<3, using: &random)).map { _ in UInt8.random(in: 0..<4, using: &random) }
  }

  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }
}
