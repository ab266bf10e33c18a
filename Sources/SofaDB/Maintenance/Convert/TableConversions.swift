internal import Synchronization

/// Converts tables on several threads: each drives one table at a time, the largest first, and helps the others when
/// none is left. A table counts when it is written, synced and read back with the same contents.
///
/// Memory: for each thread about 3 MiB and three times its largest block, for each table 40 bytes a data block.
final class TableConversions: Sendable {
  struct Job: Sendable {
    var source: FileTarget
    /// Bytes.
    var size: UInt64
    /// What the MANIFEST says of an ingested table.
    var largestSequence: SequenceNumber?
    /// In the directory of the new tables.
    var name: String
    /// Where a MANIFEST places it.
    var family: String?
    var level: Int?
    /// Whether it is copied whatever its codec.
    var isCopyOnly = false
    /// Whether the CRC-32C of the whole new file is wanted.
    var wantsFileChecksum = false
    /// Of the new table, if it is not a copy.
    var origin: TableOrigin?
  }

  /// A new table; nil where the old one had the codec already and no copy was wanted.
  struct Result: Sendable {
    var table: TranscodedTable?
    var isCopied = false
    /// Bytes of the new file.
    var size: UInt64 = 0
    /// CRC-32C of the new file, where it was wanted.
    var fileChecksum: UInt32?
  }

  private struct State {
    var waiting: [Int]
    var active = 0
    var results: [Int: Result] = [:]
  }

  private let jobs: [Job]
  private let target: TranscodeTarget
  private let directory: any Directory
  private let copiesUnchanged: Bool
  private let watch: ConvertWatch
  private let pool = BlockPool()
  private let closer: TableCloser?
  private let threads: Int
  private let state: Mutex<State>

  /// `directory`: where the new tables are made. `copiesUnchanged`: whether tables that need no conversion are copied.
  init(
    _ jobs: [Job], to target: TranscodeTarget, in directory: any Directory, copiesUnchanged: Bool, threads: Int,
    watch: ConvertWatch
  ) {
    self.jobs = jobs
    self.target = target
    self.directory = directory
    self.copiesUnchanged = copiesUnchanged
    self.watch = watch
    self.threads = max(1, threads)
    closer = threads > 1 ? TableCloser() : nil
    // Taken from the end.
    state = Mutex(State(waiting: jobs.indices.sorted { (jobs[$0].size, $1) < (jobs[$1].size, $0) }))
  }

  /// One result a job, in order. Files of tables that were begun are left to the caller when it throws.
  func run() throws(DatabaseError) -> [Result] {
    if jobs.isEmpty { return [] }
    Workers.run(threads + (closer == nil ? 0 : 1)) { index in
      if index < self.threads { self.work() } else { self.closer?.run() }
    }
    try watch.finish()
    try closer?.finish()
    let results = state.withLock { $0.results }
    return jobs.indices.map { results[$0] ?? Result() }
  }

  private func work() {
    let tools = BlockTools()
    while let job = next() {
      var result: Result?
      do throws(DatabaseError) {
        result = try convert(jobs[job], tools)
      } catch {
        watch.fail(error)
      }
      leave(job, result)
    }
    pool.assist(with: tools)
  }

  private func next() -> Int? {
    state.withLock { state in
      if watch.hasFailed { state.waiting.removeAll() }
      guard let job = state.waiting.popLast() else { return nil }
      state.active += 1
      return job
    }
  }

  private func leave(_ job: Int, _ result: Result?) {
    let isLast = state.withLock { state in
      if watch.hasFailed { state.waiting.removeAll() }
      state.active -= 1
      state.results[job] = result
      return state.active == 0 && state.waiting.isEmpty
    }
    guard isLast else { return }
    pool.end()
    closer?.end()
  }

  // MARK: One table

  private func convert(_ job: Job, _ tools: BlockTools) throws(DatabaseError) -> Result {
    if job.isCopyOnly {
      try copy(job.source.open(), to: job.name)
      try watch.advance(job.size)
      return Result(table: nil, isCopied: true, size: job.size)
    }
    let reader = try TableTranscoder.open(job.source.open(), size: job.size, largestSequence: job.largestSequence)
    let transcoder = try TableTranscoder(reader, to: target, origin: job.origin)
    if try transcoder.isDone() {
      if copiesUnchanged { try copy(reader.file.file, to: job.name) }
      try watch.advance(job.size)
      return Result(table: nil, isCopied: copiesUnchanged, size: job.size)
    }
    var counted: UInt64 = 0
    var fileChecksum: UInt32?
    let table = try create(job.name) { (file) throws(DatabaseError) in
      let summed = job.wantsFileChecksum ? ChecksummedAppendFile(file) : nil
      let table = try transcoder.write(to: summed ?? file, on: pool, with: tools) { (bytes) throws(DatabaseError) in
        counted += bytes
        try watch.advance(bytes)
      }
      fileChecksum = summed?.checksum
      return table
    }
    try TableTranscoder.prove(table, in: try directory.open(job.name), on: pool, with: tools) {
      (_) throws(DatabaseError) in try watch.check()
    }
    try watch.advance(job.size - min(counted, job.size))
    return Result(table: table, size: table.fileSize, fileChecksum: fileChecksum)
  }

  /// Makes the file `name`; when `body` has written it, it is synced and closed, now or by the closer.
  private func create<T>(
    _ name: String, _ body: (any AppendFile) throws(DatabaseError) -> T
  ) throws(DatabaseError) -> T {
    let created = try directory.create(name)
    let file = PacedAppendFile(closer?.wrap(created) ?? created, watch: watch)
    let made: T
    do throws(DatabaseError) {
      made = try body(file)
      try file.sync()
    } catch {
      do throws(DatabaseError) { try created.close() } catch {
        // The error that led here says more.
      }
      throw error
    }
    try file.close()
    return made
  }

  private func copy(_ source: any RandomAccessFile, to name: String) throws(DatabaseError) {
    var read = PieceDigest()
    try create(name) { (file) throws(DatabaseError) in
      try TableConversions.forEachPiece(of: source) { (piece) throws(DatabaseError) in
        try watch.check()
        read.add(piece)
        try file.append(piece)
      }
    }
    var written = PieceDigest()
    let copy = try directory.open(name)
    try TableConversions.forEachPiece(of: copy) { (piece) throws(DatabaseError) in
      try watch.check()
      written.add(piece)
    }
    guard read.finish() == written.finish() else {
      throw DatabaseError(.corruption, file: name, "read back, the copy differs from the table")
    }
  }

  private static func forEachPiece(
    of file: any RandomAccessFile, _ body: (UnsafeRawBufferPointer) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    var offset: UInt64 = 0
    while offset < file.size {
      let piece = try file.readExactly(Int(min(1 << 20, file.size - offset)), at: offset)
      try body(piece.bytes)
      offset += UInt64(piece.count)
    }
  }
}
