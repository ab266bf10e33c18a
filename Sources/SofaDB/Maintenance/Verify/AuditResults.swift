internal import Synchronization

/// Collects what workers find and passes it on in task order. Safe to share.
final class AuditResults: Sendable {
  private struct State {
    var pending: [Int: [Finding]] = [:]
    var next = 0
    /// Tasks that were finished, in no order.
    var finished: [Int] = []
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
  /// Tasks that were finished.
  var finished: [Int] { state.withLock { $0.finished } }
  /// Whether every task was finished.
  var isWhole: Bool { state.withLock { $0.finished.count == count && $0.failure == nil } }

  /// Findings that come before those of all tasks.
  func add(_ findings: [Finding]) {
    state.withLock { state in
      state.findings += findings
      findings.forEach(report)
    }
  }

  func finish(_ index: Int, _ task: AuditTask, _ outcome: AuditOutcome) {
    state.withLock { state in
      for (blob, compressions) in outcome.blobReferences {
        state.blobReferences.append((task.name, blob, compressions))
      }
      if let compression = outcome.compression, case .blob(let blob) = task {
        state.blobCompressions[blob.metadata.number] = compression
      }
      state.finished.append(index)
      state.pending[index] = outcome.findings
      while let ready = state.pending.removeValue(forKey: state.next) {
        state.findings += ready
        ready.forEach(report)
        state.next += 1
      }
    }
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
    // Those that had to wait for files that were not reached.
    let left = state.withLock { state in state.pending.sorted { $0.key < $1.key }.flatMap(\.value) }
    add(left + last)
  }
}
