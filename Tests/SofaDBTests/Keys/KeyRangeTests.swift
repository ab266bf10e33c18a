import SofaDB
import Testing

@Suite struct KeyRangeTests {
  @Test(arguments: [
    ([UInt8]("a".utf8), [UInt8]("b".utf8) as [UInt8]?), ([0x61, 0xFF, 0xFF], [0x62]), ([0xFF, 0xFF], nil), ([], nil),
    ([0x00], [0x01]),
  ])
  func successors(prefix: [UInt8], successor: [UInt8]?) {
    #expect(KeyRange.successor(of: prefix) == successor)
  }

  /// Every key of up to two bytes of a small alphabet, in both orders.
  @Test(arguments: [KeyOrder.bytewise, .reverseBytewise])
  func aPrefixIsExactlyItsKeys(order: KeyOrder) {
    let alphabet: [UInt8] = [0x00, 0x61, 0x62, 0xFE, 0xFF]
    var keys: [[UInt8]] = [[]]
    for first in alphabet {
      keys.append([first])
      for second in alphabet { keys.append([first, second]) }
    }
    keys.sort { order.compare($0, $1) < 0 }
    for prefix in keys {
      let range = KeyRange(prefix: prefix)
      let (from, to) = range.bounds(in: order)
      var found: [[UInt8]] = []
      for key in keys {
        if let from, order.compare(key, from) < 0 { continue }
        if let to, order.compare(key, to) >= 0 { break }
        let (isWanted, isPast) = key.withUnsafeBytes { range.contains($0, in: order) }
        if isPast { break }
        if isWanted { found.append(key) }
      }
      #expect(found == keys.filter { $0.starts(with: prefix) })
    }
  }
}
