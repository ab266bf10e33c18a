import SofaTesting
import Testing

@testable import SofaDB

/// Flipped bits in every file of whole databases: `Verify` names the file unless the byte is one of `UnprotectedBytes`;
/// a reader sees what was written, or is told that something is wrong.
@Suite struct DirectoryDamageTests {
  /// Flips in a file, at most, and those after which it is read or the whole database is verified as well. Tables have
  /// tests of their own.
  private static func limits(_ name: String) -> (flips: Int, readings: Int) {
    #if DEBUG
      return (100, 10)
    #else
      if case .table = DatabaseFile(name: name) { return (100, 30) }
      return (24_000, 100)
    #endif
  }

  /// Odd steps, so that each bit of a byte gets its turn.
  static func step(_ count: Int, _ limit: Int) -> Int { count <= limit ? 1 : (count / limit) | 1 }

  @Test(arguments: DamagedDatabase.names) func everyBitOfEveryFile(name: String) throws {
    let database = try DamagedDatabase(name)
    var failures: [String] = []
    var counts = (flips: 0, unprotected: 0)
    for name in database.files {
      let file = try #require(database.directory.files[name])
      guard !file.content.isEmpty else { continue }
      let unprotected = try UnprotectedBytes(name, in: database)
      counts.unprotected += unprotected.ranges.reduce(0) { $0 + $1.bytes.count }
      let limits = DirectoryDamageTests.limits(name)
      let bits = Array(0..<(file.content.count * 8))
      let open = bits.filter { unprotected.hides($0 >> 3) }
      let covered = bits.filter { !unprotected.hides($0 >> 3) }
      for (bits, limit) in [(covered, limits.flips), (open, limits.readings)] where !bits.isEmpty {
        let step = DirectoryDamageTests.step(bits.count, limit)
        let often = DirectoryDamageTests.step(bits.count / step, limits.readings)
        for (number, index) in stride(from: 0, to: bits.count, by: step).enumerated() {
          let bit = bits[index]
          counts.flips += 1
          file.content[bit >> 3] ^= 1 << UInt8(bit & 7)
          defer { file.content[bit >> 3] ^= 1 << UInt8(bit & 7) }
          let isChecked = number % often == 0
          let isOpen = unprotected.hides(bit >> 3)
          if !isOpen, try !database.isReported(name, completely: isChecked) {
            failures.append("\(name), bit \(bit): verify finds nothing")
          }
          guard isChecked else { continue }
          let seen = try database.read()
          if !seen.isTold, seen != database.whole, !unprotected.changesContent(at: bit >> 3) {
            failures.append("\(name), bit \(bit): other content in silence")
          }
        }
      }
    }
    print("\(database): \(counts.flips) flips, \(counts.unprotected) bytes that nothing protects")
    guard !failures.isEmpty else { return }
    Issue.record("\(database): \(failures.count)\n\(failures.prefix(30).joined(separator: "\n"))")
  }
}
