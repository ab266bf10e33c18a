/// Walks the data blocks of a table in the order of its index, has them processed on all threads that are free, and
/// hands them out in that order.
///
/// Memory: with nobody to assist one run; else at most two more runs than threads, but of more than `pendingLimit`
/// bytes only one. Used by one thread.
final class DataBlockStream {
  private static let pendingLimit: UInt64 = 8 << 20

  private let table: TableFile
  private let work: BlockWork
  private let pool: BlockPool
  private let tools: BlockTools
  private var index: IndexCursor
  /// Handed on and not taken yet, oldest first.
  private var underway: [BlockRun] = []
  private var free: [BlockRun] = []
  /// The one that was handed out last.
  private var current: BlockRun?
  /// What the index says of the blocks: their separators, and their first keys where it has them.
  private var separators = PieceDigest()
  /// The contents of the blocks that were handed out.
  private(set) var contents = PieceDigest()

  init(_ source: TableReader, work: BlockWork, pool: BlockPool, tools: BlockTools) throws(DatabaseError) {
    table = source.file
    self.work = work
    self.pool = pool
    self.tools = tools
    index = source.dataBlocks()
    table.file.adviseSequential()
    try index.seekToFirst()
  }

  deinit { pool.withdraw(underway) }

  /// The next processed run; valid until the next call, nil at the end. A run with much output comes several times,
  /// each time with what was made since. `bytes` is what was read for it, once.
  func next() throws(DatabaseError) -> (run: BlockRun, bytes: UInt64)? {
    if let current {
      if !current.isProcessed {
        current.removeOutput()
        current.process(with: tools)
        return try handOut(current, bytes: 0)
      }
      current.removeAll()
      free.append(current)
      self.current = nil
    }
    try fill()
    guard let oldest = underway.first else { return nil }
    pool.finish(oldest, with: tools)
    underway.removeFirst()
    current = oldest
    return try handOut(oldest, bytes: oldest.storedSize)
  }

  private func handOut(_ run: BlockRun, bytes: UInt64) throws(DatabaseError) -> (run: BlockRun, bytes: UInt64) {
    if let failure = run.failure { throw failure }
    for block in run.blocks { contents.add(block.hash, length: block.rawSize) }
    return (run, bytes)
  }

  /// Reads runs ahead as far as there are threads to process them.
  private func fill() throws(DatabaseError) {
    let assistants = pool.assistants
    let depth = assistants == 0 ? 1 : assistants + 2
    while underway.count < depth, index.isValid {
      let pending = underway.reduce(0) { $0 + $1.storedSize }
      guard underway.isEmpty || pending <= DataBlockStream.pendingLimit else { return }
      let run = free.popLast() ?? BlockRun(work)
      try gather(run)
      try run.read()
      underway.append(run)
      pool.submit(run)
    }
  }

  /// The digests of what was seen; nothing is handed out afterwards.
  func finishContents() -> PieceDigest.Value { contents.finish() }
  func finishSeparators() -> PieceDigest.Value { separators.finish() }

  /// One access to the index for a whole run: it is large, and reading it from the class for each block copies it.
  private func gather(_ run: BlockRun) throws(DatabaseError) {
    try DataBlockStream.gather(run, from: &index, of: table, into: &separators)
  }

  private static func gather(
    _ run: BlockRun, from index: inout IndexCursor, of table: TableFile, into separators: inout PieceDigest
  ) throws(DatabaseError) {
    while index.isValid {
      try table.check(index.handle, kind: .data)
      guard run.add(index.handle) else { return }
      separators.add(index.separator)
      if let firstKey = try index.firstKey() { separators.add(firstKey) }
      try index.next()
    }
  }
}
