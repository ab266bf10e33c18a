internal import Synchronization

/// What the threads of a conversion tell each other and the caller: how far they are, and that it is time to stop. The
/// first error of any of them becomes the error of the whole.
final class ConvertWatch: Sendable {
  /// Bytes of the old tables.
  private let total: UInt64
  private let limiter: RateLimiter?
  private let isCancelled: @Sendable () -> Bool
  private let report: @Sendable (_ done: UInt64, _ total: UInt64) -> Void
  private let done = Atomic<UInt64>(0)
  private let isOver = Atomic<Bool>(false)
  private let failure = Mutex<DatabaseError?>(nil)

  init(
    total: UInt64, limiter: RateLimiter?, isCancelled: @escaping @Sendable () -> Bool,
    report: @escaping @Sendable (_ done: UInt64, _ total: UInt64) -> Void
  ) {
    self.total = total
    self.limiter = limiter
    self.isCancelled = isCancelled
    self.report = report
  }

  /// Counts bytes of an old table; throws when the work is to end.
  func advance(_ bytes: UInt64) throws(DatabaseError) {
    try check()
    let sum = done.wrappingAdd(bytes, ordering: .relaxed).newValue
    report(min(sum, total), total)
  }

  /// Waits until so many bytes may be written.
  func waitToWrite(_ bytes: Int) throws(DatabaseError) {
    if let limiter, !limiter.take(bytes, unless: { self.isOver.load(ordering: .relaxed) || self.isCancelled() }) {
      throw ConvertWatch.interruption
    }
  }

  /// Throws when another thread has failed or the caller wants to stop.
  func check() throws(DatabaseError) {
    if isOver.load(ordering: .relaxed) || isCancelled() { throw ConvertWatch.interruption }
  }

  private static let interruption = DatabaseError(.cancelled, "the conversion was interrupted; nothing was changed")

  func fail(_ error: DatabaseError) {
    failure.withLock { $0 = $0 ?? error }
    isOver.store(true, ordering: .relaxed)
  }

  var hasFailed: Bool { isOver.load(ordering: .relaxed) }

  /// Throws the first failure.
  func finish() throws(DatabaseError) {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }
}

/// A new table that is written no faster than a conversion may write.
final class PacedAppendFile: AppendFile {
  private let file: any AppendFile
  private let watch: ConvertWatch

  init(_ file: any AppendFile, watch: ConvertWatch) {
    self.file = file
    self.watch = watch
  }

  var name: String { file.name }
  var size: UInt64 { file.size }

  func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    try watch.waitToWrite(bytes.count)
    try file.append(bytes)
  }

  func sync() throws(DatabaseError) { try file.sync() }
  func close() throws(DatabaseError) { try file.close() }
}
