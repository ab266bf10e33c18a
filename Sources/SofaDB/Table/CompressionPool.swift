/// Threads that compress data blocks for table writers. One pool serves any number of writers at once, each with its
/// own settings; the tables are the same bytes as without a pool.
public final class CompressionPool: Sendable {
  private struct Queue {
    var waiting: [BlockBatch] = []
    var isClosed = false
  }

  private let queue: Monitor<Queue>
  private let workers: WorkerGroup

  /// - Parameter threads: how many besides those of the writers, which help when there is nothing else to do.
  public init(threads: Int) {
    let queue = Monitor(Queue())
    self.queue = queue
    workers = WorkerGroup(threads) { _ in CompressionPool.work(queue) }
  }

  deinit {
    queue.change { $0.isClosed = true }
    workers.join()
  }

  /// Batches that may be on their way for one writer before it has to wait.
  var depth: Int { workers.count + 2 }

  private static func work(_ queue: Monitor<Queue>) {
    var compressor: Compressor?
    var settings: CompressionSettings?
    while let batch = take(queue) {
      if settings.map({ !$0.isSame(as: batch.settings) }) ?? true {
        settings = batch.settings
        compressor = batch.settings.compressor()
      }
      if let compressor { batch.encode(with: compressor) }
      queue.change { _ in batch.stage = .done }
    }
  }

  /// Waits for a batch; nil when the pool ends.
  private static func take(_ queue: Monitor<Queue>) -> BlockBatch? {
    queue.wait({ !$0.waiting.isEmpty || $0.isClosed }) { queue in
      guard !queue.waiting.isEmpty else { return nil }
      let batch = queue.waiting.removeFirst()
      batch.stage = .running
      return batch
    }
  }

  func submit(_ batch: BlockBatch) {
    queue.change { queue in
      batch.stage = .waiting
      queue.waiting.append(batch)
    }
  }

  func isDone(_ batch: BlockBatch) -> Bool {
    queue.change { _ in batch.stage == .done }
  }

  /// Returns when the batch is done; meanwhile encodes others of the same settings, itself first.
  func finish(_ batch: BlockBatch, helpingWith compressor: Compressor) {
    while !isDone(batch) {
      guard let other = takeBack(like: batch.settings) else {
        return queue.wait({ _ in batch.stage == .done }) { _ in }
      }
      other.encode(with: compressor)
      queue.change { _ in other.stage = .done }
    }
  }

  private func takeBack(like settings: CompressionSettings) -> BlockBatch? {
    queue.change { queue in
      guard let index = queue.waiting.firstIndex(where: { $0.settings.isSame(as: settings) }) else { return nil }
      let batch = queue.waiting.remove(at: index)
      batch.stage = .running
      return batch
    }
  }

  /// Takes away what nobody wants any more.
  func withdraw(_ batches: [BlockBatch]) {
    queue.change { queue in queue.waiting.removeAll { waiting in batches.contains { $0 === waiting } } }
  }
}
