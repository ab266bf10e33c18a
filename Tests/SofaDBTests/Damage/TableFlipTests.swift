import SofaTesting
import Testing

@testable import SofaDB

/// Flipped bits of tables: a reader gives the right content or names file and offset, and `Verify` finds every one that
/// is not in a range of `UnprotectedBytes`. Museum K1: partitions of an index were not looked at.
@Suite struct TableFlipTests {
  /// Debug builds are slow and take a sample.
  static var stride: Int {
    #if DEBUG
      997
    #else
      1
    #endif
  }

  static func bits(of subject: DamageSubject, everyBit: Bool) -> [Int] {
    let count = subject.content.count
    let bits = everyBit ? Array(0..<(count * 8)) : (0..<count).map { $0 * 8 + $0 % 8 }
    return Swift.stride(from: 0, to: bits.count, by: stride).map { bits[$0] }
  }

  @Test func thereAreEnough() {
    let exhaustive = DamageSubject.small.reduce(0) { $0 + $1.content.count * 8 }
    let sampled = DamageSubject.large.reduce(0) { $0 + $1.content.count }
    print("bit flips of tables: \(exhaustive) + \(sampled)")
    #expect(DamageSubject.small.count >= 24)
  }

  @Test(arguments: DamageSubject.small) func everyBit(subject: DamageSubject) throws {
    try flip(subject, TableFlipTests.bits(of: subject, everyBit: true))
  }

  @Test(arguments: DamageSubject.large) func oneBitOfEveryByte(subject: DamageSubject) throws {
    try flip(subject, TableFlipTests.bits(of: subject, everyBit: false))
  }

  private func flip(_ subject: DamageSubject, _ bits: [Int]) throws {
    let file = subject.file()
    let whole = subject.read(file)
    let unprotected = try UnprotectedBytes(subject)
    var failures: [String] = []
    for bit in bits {
      file.content[bit >> 3] ^= 1 << UInt8(bit & 7)
      defer { file.content[bit >> 3] ^= 1 << UInt8(bit & 7) }
      if let failure = unprotected.judge(subject.read(file), whole: whole, at: bit >> 3) {
        failures.append("bit \(bit): \(failure)")
      }
      let findings = try subject.findings(file)
      if findings.isEmpty ? !unprotected.hides(bit >> 3) : findings.contains(where: { $0.file != file.name }) {
        failures.append("bit \(bit): verify says \(findings.map(\.line))")
      }
    }
    guard !failures.isEmpty else { return }
    Issue.record("\(subject): \(failures.count) of \(bits.count)\n\(failures.prefix(40).joined(separator: "\n"))")
  }
}
