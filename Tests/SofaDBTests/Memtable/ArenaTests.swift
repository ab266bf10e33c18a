/// Pieces of an arena do not overlap, whatever their size and whoever takes them.
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct ArenaTests {
  @Test func piecesOfManyThreadsDoNotOverlap() {
    let arena = Arena()
    let all = Mutex<[(start: UInt, count: Int)]>([])
    Workers.run(6) { thread in
      var random = SeededRandom(seed: UInt64(thread))
      var mine: [(start: UInt, count: Int)] = []
      for _ in 0..<4_000 {
        let isLarge = Int.random(in: 0..<100, using: &random) == 0
        let count = Int.random(in: 1...(isLarge ? 400_000 : 300), using: &random)
        let piece = arena.take(count)
        piece.storeBytes(of: UInt8(thread), toByteOffset: 0, as: UInt8.self)
        piece.storeBytes(of: UInt8(thread), toByteOffset: count - 1, as: UInt8.self)
        mine.append((UInt(bitPattern: piece), count))
      }
      all.withLock { $0 += mine }
    }
    let pieces = all.withLock { $0.sorted { $0.start < $1.start } }
    #expect(pieces.allSatisfy { $0.start % 8 == 0 })
    let overlaps = zip(pieces, pieces.dropFirst()).filter { $0.start + UInt($0.count) > $1.start }
    #expect(overlaps.isEmpty)
    #expect(arena.reserved >= pieces.reduce(0) { $0 + $1.count })
  }

  @Test func aSmallArenaStaysSmall() {
    let arena = Arena()
    _ = arena.take(100)
    #expect(arena.reserved == 16 << 10)
  }
}
