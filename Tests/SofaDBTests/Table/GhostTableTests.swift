/// What fell out of the cache lately is known, what fell out long ago or never is not.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct GhostTableTests {
  static func hash(_ number: Int) -> UInt64 { BlockCache.Key(table: 7, offset: UInt64(number) << 12).mixed }

  /// The count wraps in the last two.
  @Test(arguments: [1 << 31, 0, UInt32.max - 50, UInt32.max - 1_500])
  func itKnowsWhatWasLately(time: UInt32) {
    var ghosts = GhostTable(time: time)
    for number in 0..<3_000 {
      ghosts.insert(GhostTableTests.hash(number), among: 1_000)
      #expect(ghosts.contains(GhostTableTests.hash(number), among: 1))
    }
    let known = { (range: Range<Int>) in range.count { ghosts.contains(GhostTableTests.hash($0), among: 1_000) } }
    // Some are forgotten early, because three or more meet in a pair.
    #expect(known(2_900..<3_000) >= 97)
    #expect(known(2_000..<3_000) > 850)
    #expect(known(0..<2_000) < 5)
    #expect(known(10_000..<20_000) < 20)
  }

  @Test func itRemembersMoreAsTheCacheGrows() {
    var ghosts = GhostTable()
    for number in 0..<5_000 { ghosts.insert(GhostTableTests.hash(number), among: max(number, 16)) }
    let known = (0..<5_000).count { ghosts.contains(GhostTableTests.hash($0), among: 5_000) }
    #expect(known > 4_000)
  }

  @Test func anEmptyOneKnowsNothing() {
    let ghosts = GhostTable()
    #expect((0..<1_000).allSatisfy { !ghosts.contains(GhostTableTests.hash($0), among: 16) })
    #expect(!ghosts.contains(0, among: 1_000_000))
  }
}
