internal import Glibc
internal import Synchronization

/// Lets no more writers through at a time than there are processors; the others sleep.
///
/// Writers wait for each other: for the lead, and until those before them are visible. While there are more of them
/// than processors, one that the system has taken off its processor holds up all the rest, who spin, sleep and wake
/// each other once a write. It costs less when as many as can run do so without meeting anybody, and change places with
/// the sleepers now and then: the oldest sleeper gets the place of a writer that leaves once the last such change is a
/// while ago, or nobody else is left.
///
/// Any thread; `enter` and `leave` in pairs.
final class WriterGate: @unchecked Sendable {
  /// Between two changes of places, in seconds: much longer than they take, and less than the system lets a thread run.
  private static let turn = 100e-6

  private final class Sleeper {
    let condition: UnsafeMutablePointer<pthread_cond_t>
    var isAdmitted = false

    init() {
      condition = .allocate(capacity: 1)
      pthread_cond_init(condition, nil)
    }

    deinit {
      pthread_cond_destroy(condition)
      condition.deallocate()
    }
  }

  private let places: Int
  private let inside = Atomic<Int>(0)
  /// How many sleep or are about to.
  private let sleeping = Atomic<Int>(0)
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  // Under the mutex.
  private var sleepers: [Sleeper] = []
  private var lastChange = 0.0

  init(places: Int) {
    precondition(places > 0)
    self.places = places
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  @inline(__always)
  func enter() { if !takePlace() { sleep() } }

  @inline(__always)
  func leave() {
    let left = inside.subtract(1, ordering: .sequentiallyConsistent).newValue
    if sleeping.load(ordering: .sequentiallyConsistent) > 0 { admit(isUrgent: left == 0) }
  }

  @inline(__always)
  private func takePlace() -> Bool {
    var now = inside.load(ordering: .sequentiallyConsistent)
    while now < places {
      let (isDone, seen) = inside.compareExchange(
        expected: now, desired: now + 1, successOrdering: .sequentiallyConsistent,
        failureOrdering: .sequentiallyConsistent)
      if isDone { return true }
      now = seen
    }
    return false
  }

  @inline(never)
  private func sleep() {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    // Whoever leaves from now on looks for sleepers; whoever left before is seen here.
    sleeping.add(1, ordering: .sequentiallyConsistent)
    defer { sleeping.subtract(1, ordering: .relaxed) }
    if takePlace() { return }
    let sleeper = Sleeper()
    sleepers.append(sleeper)
    while !sleeper.isAdmitted { pthread_cond_wait(sleeper.condition, mutex) }
  }

  /// Gives a free place to the oldest sleeper. `isUrgent`: nobody is left who would do so later.
  @inline(never)
  private func admit(isUrgent: Bool) {
    let now = MonotonicClock.seconds
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard isUrgent || now - lastChange >= WriterGate.turn, !sleepers.isEmpty, takePlace() else { return }
    lastChange = now
    let sleeper = sleepers.removeFirst()
    sleeper.isAdmitted = true
    pthread_cond_signal(sleeper.condition)
  }
}
