import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

/// Healthy directories of real engines are healthy, damaged ones are named, at every level and with any number of
/// threads.
@Suite struct VerifyFixtureTests {
  static func verify(
    _ fixture: FixtureDatabase, level: VerifyLevel, jobs: Int = 2
  ) throws -> (findings: [Finding], summary: FindingSummary) {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let collected = Mutex<[Finding]>([])
    let verify =
      fixture.isLoose
      ? Verify(tables: fixture.externals.map(\.file), in: directory, level: level, jobs: jobs)
      : Verify(database: directory, level: level, jobs: jobs)
    let summary = try verify.run { finding in collected.withLock { $0.append(finding) } }
    return (collected.withLock { $0 }, summary)
  }

  /// What a healthy directory may show: nothing, but for features that are named as unsupported, tables without
  /// checksums, and the state of a copy taken from a running engine.
  private func isExpected(_ finding: Finding, in fixture: FixtureDatabase) -> Bool {
    switch finding.code {
    case .tableUnsupported: fixture.options["comp"] == "bzip2"
    case .tableNoChecksum: fixture.options["ck"] == "none"
    case .envComparatorUnknown: fixture.name.contains("customcmp")
    default: finding.severity == .info
    }
  }

  @Test(arguments: FixtureDatabase.all.filter { $0.damage == nil && !$0.name.hasPrefix("sofadb-go") })
  func healthyDirectoriesAreHealthy(fixture: FixtureDatabase) throws {
    for level in VerifyLevel.allCases {
      let (findings, summary) = try VerifyFixtureTests.verify(fixture, level: level)
      for finding in findings { #expect(isExpected(finding, in: fixture), "\(level): \(finding.line)") }
      #expect(summary.isComplete)
      #expect(summary.bytesInScope > 0)
    }
  }

  @Test(arguments: FixtureDatabase.all.filter { $0.damage != nil })
  func damagedLogsAreNamed(fixture: FixtureDatabase) throws {
    let (findings, summary) = try VerifyFixtureTests.verify(fixture, level: .full)
    let codes = Set(findings.filter { $0.severity > .info }.map(\.code))
    let expected: Set<FindingCode> =
      switch fixture.name {
      case "r783-wal-torn": [.walTail]
      case "r783-wal-zerotail": []
      case "r783-wal-flip", "r783-wals-flip-first": [.walRecord]
      case "r783-wals-torn-first": [.walTail]
      default: []
      }
    #expect(codes == expected, "\(findings.map(\.line))")
    #expect(summary.hasFindings == !expected.isEmpty)
  }

  @Test func theNumberOfThreadsDoesNotShow() throws {
    let fixture = try FixtureDatabase("r783-levels")
    let one = try VerifyFixtureTests.verify(fixture, level: .full, jobs: 1)
    let many = try VerifyFixtureTests.verify(fixture, level: .full, jobs: 8)
    #expect(one.findings == many.findings)
    #expect(one.summary.bytes == many.summary.bytes)
  }
}
