import SofaTesting
import Testing

@testable import SofaDB

/// Where a recycled log ends, and where it is damaged and only seems to.
@Suite struct RecordRepairTests {
  private static let records: [[UInt8]] = [
    [1, 2, 3], [], [4, 5, 6, 7, 8, 9], [10], [UInt8](repeating: 11, count: 40),
  ]

  private static func findings(_ content: [UInt8], number: UInt64) throws -> [Finding] {
    let directory = MemoryDirectory([DatabaseFile.log(number).name: content])
    return try LogFindings.scan(FileTarget(directory, DatabaseFile.log(number).name))
      .filter { $0.severity > .info }
  }

  /// New records over those of another log, which they cut at any place.
  private static func recycled(old: UInt64, cut: Int, plain: Bool = false) throws -> (content: [UInt8], end: Int) {
    let new = try LogVectorTests.write(records, recyclableNumber: 14)
    let before = try LogVectorTests.write(
      (0..<30).map { [UInt8](repeating: UInt8($0), count: Int($0) % 7) }, recyclableNumber: plain ? nil : old)
    return (new + before[(before.count - 100 - cut)...], new.count)
  }

  /// 12 and 14 differ in one bit, and so do their logs' records.
  @Test(arguments: [3, 12, 13]) func anOldTailIsNoDamage(old: UInt64) throws {
    for cut in 0..<60 {
      for plain in [false, true] {
        let (content, _) = try RecordRepairTests.recycled(old: old, cut: cut, plain: plain)
        let findings = try RecordRepairTests.findings(content, number: 14)
        #expect(findings.isEmpty, "\(cut): \(findings.map(\.line))")
      }
    }
    let whole = try LogVectorTests.write(RecordRepairTests.records, recyclableNumber: old)
    #expect(try RecordRepairTests.findings(whole, number: 14).isEmpty)
  }

  @Test func everyFlipInANewRecordIsDamage() throws {
    for cut in [0, 7, 21] {
      let (content, end) = try RecordRepairTests.recycled(old: 12, cut: cut)
      for bit in 0..<(content.count * 8) {
        var damaged = content
        damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
        let findings = try RecordRepairTests.findings(damaged, number: 14)
        #expect(findings.contains { $0.code == .walRecord } == (bit >> 3 < end), "bit \(bit): \(findings.map(\.line))")
      }
    }
  }

  /// More than a bit of the last record: it is there, and whether it was ever whole cannot be told.
  @Test func aTornLastRecordIsATornTail() throws {
    let (content, end) = try RecordRepairTests.recycled(old: 12, cut: 5)
    for length in 1...40 {
      var damaged = content
      for index in (end - length)..<end { damaged[index] = ~damaged[index] &+ UInt8(index & 3) }
      #expect(try RecordRepairTests.findings(damaged, number: 14).map(\.code) == [.walTail], "\(length)")
    }
  }

  /// A bit of its type makes the first record of a plain log look like the end of a recycled one.
  @Test func aPlainLogOfOneRecord() throws {
    let content = try LogVectorTests.write([[UInt8](repeating: 3, count: 28)])
    for bit in 0..<(content.count * 8) {
      var damaged = content
      damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
      #expect(try !RecordRepairTests.findings(damaged, number: 14).isEmpty, "bit \(bit)")
    }
  }

  /// Asked about each old record of a block, it must not search the block each time.
  @Test func manyOldRecordsTakeNoTime() throws {
    let old = try LogVectorTests.write([[UInt8]](repeating: [1], count: 80_000), recyclableNumber: 12)
    let start = MonotonicClock.seconds
    #expect(try RecordRepairTests.findings(old, number: 14).isEmpty)
    #expect(MonotonicClock.seconds - start < 20)
  }
}
