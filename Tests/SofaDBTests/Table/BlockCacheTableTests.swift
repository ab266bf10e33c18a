import SofaTesting
import Testing

@testable import SofaDB

@Suite struct BlockCacheTableTests {
  /// Keys come and go as in a dictionary, whether they meet in the table or not.
  @Test(arguments: [0, 6, 40])
  func findsWhatWasNotRemoved(shift: UInt64) {
    var random = SeededRandom(seed: shift)
    var table = BlockCacheTable()
    var model: [BlockCache.Key: ByteBuffer] = [:]
    for step in 0..<20_000 {
      let key = BlockCache.Key(
        table: .random(in: 1...3, using: &random), offset: .random(in: 0..<200, using: &random) << shift)
      let place = table.place(of: key, hash: key.mixed)
      #expect((place.map { table[$0] } === model[key]))
      // The table fills up and empties by turns.
      if let place {
        #expect(table.use(place) === model[key])
        if (step / 2_000) % 2 == 1 {
          table.remove(place)
          model[key] = nil
        }
      } else if (step / 2_000) % 2 == 0 || step % 8 == 0 {
        let block = ByteBuffer(count: step % 5)
        table.insert(block, key)
        model[key] = block
      }
    }
    for (key, block) in model { #expect(table.place(of: key, hash: key.mixed).map { table[$0] } === block) }
  }

  @Test func usesAreCountedUpToThree() {
    let key = BlockCache.Key(table: 7, offset: 9)
    var table = BlockCacheTable()
    table.insert(ByteBuffer(count: 3), key)
    for uses in [0, 1, 2, 3, 3] as [UInt8] {
      let place = table.place(of: key, hash: key.mixed)
      #expect(place.map { table.uses($0) } == uses)
      if let place { _ = table.use(place) }
    }
  }

  /// Offsets that differ in few bits, high or low, are spread well.
  @Test(arguments: [0, 5, 12, 20, 44])
  func neighboursAreSpread(shift: UInt64) {
    let mixed = (0..<4096 as Range<UInt64>).map { BlockCache.Key(table: 1, offset: $0 << shift).mixed }
    #expect(Set(mixed.map { $0 & 0xFFF }).count > 2000)
    #expect(Set(mixed.map { $0 >> 52 }).count > 2000)
  }
}
