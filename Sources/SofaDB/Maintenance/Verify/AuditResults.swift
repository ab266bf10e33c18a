internal import Synchronization

/// Collects what workers find and passes it on in task order. Safe to share.
final class AuditResults: Sendable {
  private struct State {
    var pending: [Int: [Finding]] = [:]
    var next = 0
    var findings: [Finding] = []
    var failure: DatabaseError?
    var blobReferences: [(table: String, blob: UInt64, compressions: Set<UInt8>)] = []
    var blobCompressions: [UInt64: UInt8] = [:]
    var logs: [UInt64: LogFacts] = [:]
  }

  private let count: Int
  private let total: UInt64
  private let report: @Sendable (Finding) -> Void
  private let progress: @Sendable (UInt64, UInt64) -> Void
  private let state = Mutex(State())
  private let done = Atomic<UInt64>(0)

  init(
    count: Int, total: UInt64, report: @escaping @Sendable (Finding) -> Void,
    progress: @escaping @Sendable (UInt64, UInt64) -> Void
  ) {
    self.count = count
    self.total = total
    self.report = report
    self.progress = progress
  }

  var hasFailed: Bool { state.withLock { $0.failure != nil } }
  var findings: [Finding] { state.withLock { $0.findings } }
  var blobReferences: [(table: String, blob: UInt64, compressions: Set<UInt8>)] {
    state.withLock { $0.blobReferences }
  }
  /// As the headers of the blob files say.
  var blobCompressions: [UInt64: UInt8] { state.withLock { $0.blobCompressions } }
  /// By number.
  var logs: [UInt64: LogFacts] { state.withLock { $0.logs } }
  var bytesDone: UInt64 { done.load(ordering: .relaxed) }
  /// Whether every task was finished.
  var isWhole: Bool { state.withLock { $0.next == count && $0.failure == nil } }

  /// Findings that come before those of all tasks.
  func add(_ findings: [Finding]) {
    state.withLock { state in
      state.findings += findings
      findings.forEach(report)
    }
  }

  func finish(_ index: Int, _ findings: [Finding]) {
    state.withLock { state in
      state.pending[index] = findings
      while let ready = state.pending.removeValue(forKey: state.next) {
        state.findings += ready
        ready.forEach(report)
        state.next += 1
      }
    }
  }

  /// The blob files that a table refers to, and what its references say of the compression.
  func refer(_ table: String, _ blobs: [UInt64: Set<UInt8>]) {
    state.withLock { state in
      for (blob, compressions) in blobs { state.blobReferences.append((table, blob, compressions)) }
    }
  }

  func add(blob: UInt64, compression: UInt8) {
    state.withLock { $0.blobCompressions[blob] = compression }
  }

  func add(log: UInt64, _ facts: LogFacts) {
    state.withLock { $0.logs[log] = facts }
  }

  func fail(_ error: DatabaseError) {
    state.withLock { state in state.failure = state.failure ?? error }
  }

  func advance(_ bytes: UInt64) {
    progress(done.wrappingAdd(bytes, ordering: .relaxed).newValue, total)
  }

  /// Passes on the last findings; throws what stopped the workers.
  func close(_ last: [Finding]) throws(DatabaseError) {
    if let failure = state.withLock({ $0.failure }) { throw failure }
    add(last)
  }
}
