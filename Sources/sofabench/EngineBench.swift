import CommandKit
import SofaDB
internal import Synchronization

/// Runs benchmarks one after the other on one database, which some of them make anew.
final class EngineBench {
  struct Settings: Sendable {
    var path: String
    var number: UInt64
    var reads: UInt64
    var threads: Int
    var keySize: Int
    var valueSize: Int
    var seed: UInt64
    var usesExisting: Bool
    /// How everything but `fillsync` writes.
    var write: WriteOptions
    var reusesCursor: Bool
    /// Whether each operation is timed by itself.
    var isTimed: Bool
    var options: DatabaseOptions
  }

  private let settings: Settings
  private let text: ByteBuffer
  private let fileSystem = PosixFileSystem()
  private var database: Database
  private var isUsed = false

  init(_ settings: Settings) throws(DatabaseError) {
    self.settings = settings
    text = EngineLoad.text(valueSize: settings.valueSize)
    let found = try fileSystem.attributes(at: settings.path) != nil
    guard found == settings.usesExisting else {
      throw DatabaseError(
        found ? .alreadyExists : .notFound, file: settings.path,
        found
          ? "it exists; remove it, or measure it as it is with --use-existing-db"
          : "there is no database to measure; leave --use-existing-db out to make one")
    }
    database = try Database.open(settings.path, options: settings.options)
  }

  func close() throws(DatabaseError) { try database.close() }

  var statistics: DatabaseStatistics { database.statistics }

  func run(_ workload: EngineWorkload) throws(DatabaseError) -> EngineResult {
    if workload.isFresh, isUsed, !settings.usesExisting { try renew() }
    isUsed = true
    let threads = workload.isSingle ? 1 : settings.threads
    let before = database.statistics
    let total = Mutex(EngineResult.Work())
    let failure = Mutex<DatabaseError?>(nil)
    let job = EngineJob(workload, on: database, settings, text)
    let writer = workload == .readwhilewriting ? startWriter(job) : nil
    let start = MonotonicClock.seconds
    Workers.run(threads) { thread in
      do throws(DatabaseError) {
        let work = try job.run(thread, of: threads)
        total.withLock { $0.add(work) }
      } catch {
        failure.withLock { $0 = error }
      }
    }
    let seconds = MonotonicClock.seconds - start
    job.stop()
    writer?.join()
    if let error = failure.withLock({ $0 }) ?? job.failure { throw error }
    let after = database.statistics
    return EngineResult(
      name: workload.rawValue, threads: threads, work: total.withLock { $0 }, seconds: seconds,
      secondsStalled: after.secondsStalled - before.secondsStalled, longestStall: after.longestStall,
      writeAmplification: after.writeAmplification, spaceAmplification: after.spaceAmplification)
  }

  private func startWriter(_ job: EngineJob) -> WorkerGroup {
    WorkerGroup(1) { _ in job.writeUntilStopped() }
  }

  /// Removes the database that this object made, and makes it again.
  private func renew() throws(DatabaseError) {
    try database.close()
    let directory = try fileSystem.directory(at: settings.path)
    for entry in try directory.entries() { try directory.remove(entry.name) }
    database = try Database.open(settings.path, options: settings.options)
  }
}

extension DatabaseStatistics {
  /// Bytes of tables for each byte of the deepest level that has any.
  var spaceAmplification: Double {
    guard let deepest = bytesByLevel.last(where: { $0 > 0 }) else { return 0 }
    return Double(bytesByLevel.reduce(0, +)) / Double(deepest)
  }
}
