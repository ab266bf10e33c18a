/// Compresses the data blocks of one table on the threads of a pool, and stores them in the order in which they came.
final class BlockPipeline {
  private let pool: CompressionPool
  private let settings: CompressionSettings
  private let checksum: ChecksumType
  /// For the writer's own thread, when it has to wait otherwise.
  private let compressor: Compressor
  private var filling: BlockBatch
  /// Handed on and not stored yet, oldest first.
  private var underway: [BlockBatch] = []
  private var free: [BlockBatch] = []

  init(pool: CompressionPool, settings: CompressionSettings, checksum: ChecksumType) {
    self.pool = pool
    self.settings = settings
    self.checksum = checksum
    compressor = settings.compressor()
    filling = BlockBatch(settings: settings, checksum: checksum)
  }

  deinit { pool.withdraw(underway) }

  /// Raw bytes that are not stored yet.
  var pendingSize: Int { underway.reduce(filling.rawSize) { $0 + $1.rawSize } }

  /// Takes the contents of a block, and stores earlier ones that are ready.
  func add(
    _ contents: UnsafeRawBufferPointer, to sink: inout BlockSink, index: inout IndexBuilder
  ) throws(DatabaseError) {
    filling.add(contents)
    if filling.rawSize < BlockBatch.usualSize { return }
    handOn()
    while underway.count > pool.depth { try storeOldest(to: &sink, index: &index) }
    while let oldest = underway.first, pool.isDone(oldest) { try storeOldest(to: &sink, index: &index) }
  }

  /// Stores everything that was added.
  func finish(to sink: inout BlockSink, index: inout IndexBuilder) throws(DatabaseError) {
    if !filling.isEmpty { handOn() }
    while !underway.isEmpty { try storeOldest(to: &sink, index: &index) }
  }

  private func handOn() {
    pool.submit(filling)
    underway.append(filling)
    filling = free.popLast() ?? BlockBatch(settings: settings, checksum: checksum)
  }

  private func storeOldest(to sink: inout BlockSink, index: inout IndexBuilder) throws(DatabaseError) {
    let oldest = underway[0]
    pool.finish(oldest, helpingWith: compressor)
    underway.removeFirst()
    try oldest.append(to: &sink, index: &index)
    free.append(oldest)
  }
}
