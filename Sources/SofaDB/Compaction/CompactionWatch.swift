internal import Synchronization

/// What the threads of a compaction tell each other and the caller: how far they are, and that it is time to stop. The
/// first error of any of them is the error of the job.
final class CompactionWatch: Sendable {
  private let isCancelled: @Sendable () -> Bool
  private let report: @Sendable (CompactionProgress) -> Void
  private let total: UInt64
  private let done = Atomic<UInt64>(0)
  private let isOver = Atomic<Bool>(false)
  private let failure = Lock<DatabaseError?>(nil)

  init(
    total: UInt64, isCancelled: @escaping @Sendable () -> Bool,
    report: @escaping @Sendable (CompactionProgress) -> Void
  ) {
    self.total = total
    self.isCancelled = isCancelled
    self.report = report
  }

  /// Counts bytes of the inputs; `cancelled` when the caller wants to stop or another thread has failed.
  func advance(_ bytes: Int) throws(DatabaseError) {
    let sum = done.wrappingAdd(UInt64(bytes), ordering: .relaxed).newValue
    report(CompactionProgress(done: sum, total: max(total, sum)))
    guard goesOn() else { throw DatabaseError(.cancelled, "the compaction was interrupted") }
  }

  /// Whether threads should go on; a wish to cancel becomes the failure.
  func goesOn() -> Bool {
    if isOver.load(ordering: .relaxed) { return false }
    guard isCancelled() else { return true }
    fail(DatabaseError(.cancelled, "the compaction was interrupted"))
    return false
  }

  func fail(_ error: DatabaseError) {
    failure.withLock { $0 = $0 ?? error }
    isOver.store(true, ordering: .relaxed)
  }

  /// Runs `body` and keeps its error.
  func guarding(_ body: () throws(DatabaseError) -> Void) {
    do throws(DatabaseError) { try body() } catch { fail(error) }
  }

  /// Throws the first failure.
  func check() throws(DatabaseError) {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }
}
