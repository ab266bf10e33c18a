internal import Synchronization

/// The files that a compaction creates: makes them, reads them back when they are finished, and removes them when the
/// job fails. Shared by the threads of the job.
///
/// What is read back is compared with what was handed to the writer, entry by entry in order: a flipped bit in memory
/// or a mistake of the writer is found before a MANIFEST names the table.
final class OutputFiles: Sendable {
  private let plan: CompactionPlan
  private let target: CompactionTarget
  private let closer: TableCloser?
  private let throttle: (@Sendable (Int) -> Void)?
  private let verifies: Bool
  private let created = Lock<[String]>([])

  /// With a `closer`, files are synced and closed by it.
  init(
    _ plan: CompactionPlan, target: CompactionTarget, closer: TableCloser?,
    throttle: (@Sendable (Int) -> Void)?, verifies: Bool
  ) {
    self.plan = plan
    self.target = target
    self.closer = closer
    self.throttle = throttle
    self.verifies = verifies
  }

  func create() throws(DatabaseError) -> (number: UInt64, file: any AppendFile) {
    let number = target.nextNumber()
    let name = target.name(number)
    let file: any AppendFile
    do throws(DatabaseError) {
      file = try target.directory.create(name)
      created.withLock { $0.append(name) }
    } catch {
      // It may have been created all the same, unless it was there before.
      if error.kind != .alreadyExists { created.withLock { $0.append(name) } }
      throw error
    }
    let closed = closer?.wrap(file) ?? file
    return (number, throttle.map { ThrottledFile(closed, $0) } ?? closed)
  }

  /// Removes everything. What cannot be removed stays: the error that ended the job says more.
  func removeAll() {
    for name in created.withLock({ $0 }) {
      do throws(DatabaseError) { try target.directory.remove(name) } catch { /* Left for the owner of the directory. */
      }
    }
  }

  // MARK: Reading back

  /// Throws unless the table's file holds what was written.
  func finish(_ table: TableSplitter.Table) throws(DatabaseError) {
    guard verifies else { return }
    let file = try target.directory.open(target.name(table.number))
    let largest = table.summary.largestSequence
    let reader = try TableReader(
      file, size: table.summary.fileSize, order: plan.order, largestSequence: largest)
    var digest = EntryDigest()
    var cursor = reader.cursor(usesCache: false)
    try cursor.seekToFirst()
    while cursor.isValid {
      digest.add(cursor.key, cursor.value)
      try cursor.next()
    }
    guard file.size == table.summary.fileSize, digest == table.digest,
      Set(reader.rangeDeletions) == Set(table.tombstones)
    else {
      throw DatabaseError(.corruption, file: file.name, "a table just written does not read back as it was written")
    }
  }

  /// Tells the throttle of every append before it is done.
  private final class ThrottledFile: AppendFile {
    private let file: any AppendFile
    private let throttle: @Sendable (Int) -> Void

    init(_ file: any AppendFile, _ throttle: @escaping @Sendable (Int) -> Void) {
      self.file = file
      self.throttle = throttle
    }

    var name: String { file.name }
    var size: UInt64 { file.size }
    func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
      throttle(bytes.count)
      try file.append(bytes)
    }
    func sync() throws(DatabaseError) { try file.sync() }
    func close() throws(DatabaseError) { try file.close() }
  }
}
