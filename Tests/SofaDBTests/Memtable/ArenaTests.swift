/// What an arena gives, and how much memory it takes.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ArenaTests {
  @Test func aSmallArenaStaysSmall() {
    let arena = Arena()
    #expect(arena.used == 0)
    _ = arena.take(100)
    #expect(arena.used == 104)
  }

  /// Pieces of all sizes: around what the first chunk holds, what a chunk holds, and several chunks in a row.
  @Test func piecesKeepWhatIsWrittenToThem() {
    let arena = Arena()
    var pieces: [(number: UInt32, count: Int)] = []
    for round in 0..<40 {
      for count in [1, 8, 9, 4000, 16 << 10, (1 << 20) - 8, 1 << 20, (1 << 20) + 1, (5 << 20) + 17 * round] {
        let number = arena.take(count)
        memset(arena.address(number), Int32(pieces.count & 0xFF), count)
        pieces.append((number, count))
      }
    }
    for (index, piece) in pieces.enumerated() {
      let bytes = UnsafeRawBufferPointer(start: arena.address(piece.number), count: piece.count)
      #expect(bytes.allSatisfy { $0 == UInt8(index & 0xFF) }, "piece \(index) of \(piece.count) bytes")
    }
    #expect(Set(pieces.map(\.number)).count == pieces.count && !pieces.contains { $0.number == Arena.none })
  }

  /// A chunk that others have begun is made once, wherever in it the first to come stands.
  @Test func theFirstToWriteMayStandAnywhere() {
    for seed in UInt64(0)..<50 {
      let arena = Arena()
      let numbers = Monitor<[UInt32]>([])
      Workers.run(4) { thread in
        var random = SeededRandom(seed: seed * 4 + UInt64(thread))
        var mine: [UInt32] = []
        for _ in 0..<300 {
          let number = arena.take(Int.random(in: 8...20_000, using: &random))
          arena.address(number).storeBytes(of: UInt64(number), as: UInt64.self)
          mine.append(number)
        }
        numbers.change { [mine] in $0 += mine }
      }
      let all = numbers.change { $0 }
      #expect(all.count == 1200 && Set(all).count == 1200)
      #expect(all.allSatisfy { arena.address($0).load(as: UInt64.self) == UInt64($0) })
    }
  }
}
