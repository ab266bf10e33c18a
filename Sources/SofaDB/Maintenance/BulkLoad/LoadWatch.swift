internal import Synchronization

/// What the threads of a load tell each other and the caller: how far they are, and that it is time to stop. The first
/// error of any of them becomes the error of the load.
final class LoadWatch: @unchecked Sendable {
  private let isCancelled: @Sendable () -> Bool
  private let report: @Sendable (LoadProgress) -> Void
  private let isOver = Atomic<Bool>(false)
  private let done = Atomic<UInt64>(0)
  private let failure = Mutex<DatabaseError?>(nil)
  private var phase = LoadProgress.Phase.reading
  private var total: UInt64?

  init(isCancelled: @escaping @Sendable () -> Bool, report: @escaping @Sendable (LoadProgress) -> Void) {
    self.isCancelled = isCancelled
    self.report = report
  }

  /// Between phases, when no other thread is at work.
  func begin(_ phase: LoadProgress.Phase, total: UInt64?) {
    self.phase = phase
    self.total = total
    done.store(0, ordering: .relaxed)
  }

  func advance(_ bytes: Int) {
    let sum = done.wrappingAdd(UInt64(bytes), ordering: .relaxed).newValue
    report(LoadProgress(phase: phase, done: sum, total: total))
  }

  func fail(_ error: DatabaseError) {
    failure.withLock { $0 = $0 ?? error }
    isOver.store(true, ordering: .relaxed)
  }

  /// Whether threads should go on; a wish to cancel becomes the failure.
  func goesOn() -> Bool {
    if isOver.load(ordering: .relaxed) { return false }
    guard isCancelled() else { return true }
    fail(DatabaseError(.cancelled, "the load was interrupted; nothing is left of it"))
    return false
  }

  /// Throws the first failure.
  func check() throws(DatabaseError) {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// Runs `body` and keeps its error.
  func guarding(_ body: () throws(DatabaseError) -> Void) {
    do throws(DatabaseError) {
      try body()
    } catch {
      fail(error)
    }
  }
}
