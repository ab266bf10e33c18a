import CommandKit
import SofaDB

/// How a run of `verify` ended, for those who watch it: `summary` is what was covered, also where the run has no
/// verdict.
struct VerifyOutcome {
  /// The database's path as the user gave it.
  var path: String
  var summary: FindingSummary
  var tally: FindingReport.Tally
  /// The tool's own.
  var status: ExitStatus
  /// Why there is no verdict; nil when there is one.
  var failure: String?
  /// Seconds since 1970.
  var now: UInt64
  /// Changes of the database that sofatool began and did not finish.
  var pendingChanges = 0

  /// Findings about blocks.
  var corruptBlocks: Int {
    tally.summary.counts.reduce(0) { $0 + ($1.key.rawValue.hasPrefix("block.") ? $1.value : 0) }
  }

  var isComplete: Bool { failure == nil && summary.isComplete }
}
