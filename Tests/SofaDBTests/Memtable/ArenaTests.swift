/// How much memory an arena takes.
import Testing

@testable import SofaDB

@Suite struct ArenaTests {
  @Test func aSmallArenaStaysSmall() {
    let arena = Arena()
    _ = arena.take(100)
    #expect(arena.reserved == 16 << 10)
  }
}
