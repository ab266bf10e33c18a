internal import Glibc

/// One writer's place in the pipeline. Everything in it changes under the pipeline's lock.
final class WriteTicket: @unchecked Sendable {
  /// Header and operations; the header's sequence number is set when the write gets one. Borrowed from the writer, who
  /// waits.
  let batch: UnsafeMutableRawBufferPointer
  let count: UInt64
  /// Whether some operation is of another column family than `default`.
  let namesFamilies: Bool
  let options: WriteOptions
  /// Runs alone instead of writing `batch`.
  let isExclusive: Bool

  var next: WriteTicket?
  var isDone = false
  var failure: DatabaseError?
  /// Of the first operation.
  var sequence: SequenceNumber = 0
  private var condition: UnsafeMutablePointer<pthread_cond_t>?

  init(_ batch: UnsafeMutableRawBufferPointer, count: UInt64, namesFamilies: Bool, options: WriteOptions) {
    self.batch = batch
    self.count = count
    self.namesFamilies = namesFamilies
    self.options = options
    isExclusive = false
  }

  /// Of work that runs alone.
  init() {
    batch = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    count = 0
    namesFamilies = false
    options = WriteOptions()
    isExclusive = true
  }

  deinit {
    guard let condition else { return }
    pthread_cond_destroy(condition)
    condition.deallocate()
  }

  /// Sleeps until `wake`; `mutex` is held.
  func wait(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
    let condition = self.condition ?? makeCondition()
    pthread_cond_wait(condition, mutex)
  }

  func wake() {
    if let condition { pthread_cond_signal(condition) }
  }

  private func makeCondition() -> UnsafeMutablePointer<pthread_cond_t> {
    let made = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    pthread_cond_init(made, nil)
    condition = made
    return made
  }
}
