internal import Synchronization

/// Findings in the order in which they came, from any thread.
final class FindingList: Sendable {
  private let findings = Mutex<[Finding]>([])

  func add(_ finding: Finding) { findings.withLock { $0.append(finding) } }

  var all: [Finding] { findings.withLock { $0 } }
}
