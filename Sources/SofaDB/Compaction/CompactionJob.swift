internal import Synchronization

/// Carries out a `CompactionPlan`: reads the inputs, writes new tables, and describes them. Commits nothing: the new
/// tables are synced files in the target directory, whose own names the caller makes durable.
///
///     let plan = try CompactionPlan(family, inputs: numbers, outputLevel: 6, options: TableOptions())
///     let job = CompactionJob(plan, cache: cache, target: CompactionTarget(directory: stage) { numbers.next() })
///     let result = try job.run()
///
/// Memory: for each thread and sorted run 64 KiB and a few blocks, what `TableWriter` needs, all range tombstones, and
/// the indexes of open tables. The key space is cut into pieces that are done in parallel; the entries of the result do
/// not depend on how.
public struct CompactionJob: Sendable {
  private let plan: CompactionPlan
  private let cache: TableCache
  private let target: CompactionTarget
  /// Threads.
  public var jobs = Workers.processors
  /// Pieces that keys are cut into, about; nil for what suits size and threads.
  public var pieces: Int?
  /// Whether every output is read back and compared with what was written.
  public var verifiesOutputs = true
  /// Asked often, on several threads; true ends the job with `cancelled`.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Told about every mebibyte, on several threads.
  public var progress: @Sendable (CompactionProgress) -> Void = { _ in }
  /// Told of bytes before they are written, on several threads; may wait.
  public var throttle: (@Sendable (Int) -> Void)?

  /// `cache` opens the inputs.
  public init(_ plan: CompactionPlan, cache: TableCache, target: CompactionTarget) {
    self.plan = plan
    self.cache = cache
    self.target = target
  }

  /// What one piece has made.
  private struct Product: Sendable {
    var tables: [TableSplitter.Table]
    var entriesRead: UInt64
    var blobGarbage: [UInt64: CompactionResult.BlobGarbage]
  }

  /// What is known of the inputs before their entries are read.
  private struct Inputs {
    var tombstones: [RangeTombstone] = []
    var tombstoneCount: UInt64 = 0
    /// Point entries; nil when a table does not say.
    var entryCount: UInt64? = 0
    var rawSize: UInt64 = 0
  }

  /// Writes the outputs. When it throws, none of them is left, as far as they could be removed.
  public func run() throws(DatabaseError) -> CompactionResult {
    try plan.options.validate()
    let inputs = try openInputs()
    let closer = jobs > 1 ? TableCloser() : nil
    let files = OutputFiles(
      plan, target: target, closer: closer, throttle: throttle, verifies: verifiesOutputs)
    do throws(DatabaseError) {
      let products = try write(inputs, files, closer)
      return try result(products, inputs)
    } catch {
      files.removeAll()
      throw error
    }
  }

  private func openInputs() throws(DatabaseError) -> Inputs {
    var inputs = Inputs()
    for run in plan.memory {
      inputs.entryCount = inputs.entryCount.map { $0 &+ UInt64(run.count) }
      inputs.rawSize &+= UInt64(run.bytes)
      inputs.tombstoneCount &+= UInt64(run.tombstones.count)
      inputs.tombstones += run.tombstones
    }
    for table in plan.inputs {
      let reader = try cache.reader(table, order: plan.order)
      reader.file.file.adviseSequential()
      let properties = reader.properties
      if let entries = properties.number(.entryCount) {
        inputs.entryCount = inputs.entryCount.map { $0 &+ entries &- properties.rangeDeletionCount }
      } else {
        inputs.entryCount = nil
      }
      let raw = properties.rawKeySize &+ properties.rawValueSize
      inputs.rawSize &+= raw > 0 ? raw : table.size
      inputs.tombstoneCount += UInt64(reader.rangeDeletions.count)
      for tombstone in reader.rangeDeletions {
        guard let clipped = table.clip(tombstone, order: plan.order) else { continue }
        if !table.cutsExactly(plan.order), clipped.end == tombstone.end {
          try requireEnd(tombstone, within: table)
        }
        inputs.tombstones.append(clipped)
      }
    }
    return inputs
  }

  /// Under reverse orders there is no key to which a tombstone could be cut behind an included one.
  private func requireEnd(_ tombstone: RangeTombstone, within table: TableMetadata) throws(DatabaseError) {
    let largest = table.largest.userKey
    guard plan.order.compare(tombstone.end, largest) > 0 else { return }
    throw DatabaseError(
      .unsupported, file: target.name(table.number), "a range deletion reaches out of its table")
  }

  private func write(
    _ inputs: Inputs, _ files: OutputFiles, _ closer: TableCloser?
  ) throws(DatabaseError) -> [Product] {
    let watch = CompactionWatch(total: inputs.rawSize, isCancelled: isCancelled, report: progress)
    let tombstones = CompactionTombstones(inputs.tombstones, plan: plan)
    let bounds = try PieceBounds.cut(
      plan.inputs, order: plan.order, into: plan.isSplit ? pieces ?? usualPieces : 1, cache: cache)
    let workers = max(1, min(jobs, bounds.count))
    let pool =
      bounds.count < jobs && plan.options.compression != .none
      ? CompressionPool(threads: jobs - bounds.count) : nil
    let products = Lock<[Int: Product]>([:])
    let next = Atomic<Int>(0)
    let running = Atomic<Int>(workers)
    Workers.run(workers + (closer == nil ? 0 : 1)) { worker in
      guard worker < workers else {
        closer?.run()
        return
      }
      watch.guarding { () throws(DatabaseError) in
        while watch.goesOn() {
          let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
          guard index < bounds.count else { return }
          var piece = CompactionPiece(
            plan, bounds: bounds[index], cache: cache, tombstones: tombstones, files: files, pool: pool, watch: watch)
          try piece.run()
          let product = Product(
            tables: piece.tables, entriesRead: piece.entriesRead, blobGarbage: piece.blobGarbage)
          products.withLock { $0[index] = product }
        }
      }
      if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { closer?.end() }
    }
    if let closer { watch.guarding { () throws(DatabaseError) in try closer.finish() } }
    try watch.check()
    return bounds.indices.compactMap { index in products.withLock { $0[index] } }
  }

  /// Pieces of a few output files each, enough of them that no thread waits long for the last one.
  private var usualPieces: Int {
    let total = plan.inputs.reduce(UInt64(0)) { $0 &+ $1.size }
    let files = Int(clamping: total / max(1, plan.targetFileSize))
    return jobs == 1 ? 1 : max(1, min(files, jobs * 4))
  }

  private func result(_ products: [Product], _ inputs: Inputs) throws(DatabaseError) -> CompactionResult {
    var result = CompactionResult()
    result.inputSize = plan.inputs.reduce(0) { $0 &+ $1.size }
    result.rangeTombstonesRead = inputs.tombstoneCount
    let ancestors = plan.inputs.compactMap(\.oldestAncestorTime).filter { $0 > 0 }
    for product in products {
      result.entriesRead += product.entriesRead
      for (number, garbage) in product.blobGarbage {
        result.blobGarbage[number, default: CompactionResult.BlobGarbage()].count += garbage.count
        result.blobGarbage[number, default: CompactionResult.BlobGarbage()].bytes &+= garbage.bytes
      }
      for table in product.tables {
        let summary = table.summary
        var metadata = TableMetadata(
          number: table.number, level: plan.outputLevel, size: summary.fileSize, smallest: summary.smallest,
          largest: summary.largest, smallestSequence: summary.smallestSequence,
          largestSequence: summary.largestSequence, epoch: plan.epoch)
        metadata.oldestBlobFile = table.oldestBlobFile
        metadata.oldestAncestorTime = ancestors.min()
        if plan.options.creationTime > 0 {
          metadata.creationTime = plan.options.creationTime
          if !plan.memory.isEmpty { metadata.oldestAncestorTime = plan.options.creationTime }
        }
        metadata.tailSize = summary.fileSize - summary.tailOffset
        result.outputs.append(
          CompactionOutput(
            number: table.number, name: target.name(table.number), summary: summary, metadata: metadata))
        result.entriesWritten += table.digest.count
        result.rangeTombstonesWritten += UInt64(table.tombstones.count)
      }
    }
    guard inputs.entryCount.map({ $0 == result.entriesRead }) ?? true || Mutant.unreadableTableSkipped.isOn else {
      throw DatabaseError(
        .corruption,
        "the tables say that they hold \(inputs.entryCount ?? 0) entries, \(result.entriesRead) were read")
    }
    return result
  }
}
