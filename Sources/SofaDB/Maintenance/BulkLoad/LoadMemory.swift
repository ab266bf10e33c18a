/// How the memory of a load is divided. Bounds everything that grows with the input.
///
///     pieces       read buffers and cuts of each thread
///     rows         slabs of encoded rows, later the buffers and entries of sorting
///
/// Compressors, table buffers, indexes and filters come on top: a few MiB for each thread.
struct LoadMemory: Sendable {
  static let smallest = 1 << 14

  /// Bytes of input that are read at a time.
  let pieceSize: Int
  /// Bytes of input that one row may have.
  let longestRow: Int
  /// For rows and sorting, all threads together.
  let rows: Int
  /// Buckets that keys are divided into, about.
  let buckets: Int
  let chunkSize: Int
  let slabSize: Int

  /// `inputSize` in bytes; nil when unknown.
  init(memory: Int, jobs: Int, inputSize: UInt64?) {
    let memory = max(LoadMemory.smallest, memory)
    pieceSize = LoadMemory.powerOfTwo(atMost: memory / (16 * jobs), in: (4 << 10)...(512 << 10))
    rows = max(memory / 2, memory - jobs * pieceSize * 6)
    longestRow = max(pieceSize, memory / (4 * jobs))
    // Buckets of about 2 MiB are sorted within the caches; there are at most as many as the tails of the workers'
    // chunks may take memory for, and more when that is needed to sort each bucket in memory.
    let expected = Int(clamping: inputSize ?? UInt64(clamping: rows) * 4)
    let wanted = max(expected / (2 << 20), expected / max(1, rows / (8 * jobs)))
    let most = max(4, rows / (jobs * 16 * 1024))
    buckets = max(1, min(wanted, 4096, most))
    chunkSize = LoadMemory.powerOfTwo(atMost: rows / (jobs * buckets * 8), in: 512...(256 << 10))
    slabSize = max(chunkSize, LoadMemory.powerOfTwo(atMost: rows / (jobs * 8), in: 4096...(4 << 20)))
  }

  private static func powerOfTwo(atMost limit: Int, in range: ClosedRange<Int>) -> Int {
    let limit = min(max(limit, range.lowerBound), range.upperBound)
    return 1 << (Int.bitWidth - 1 - limit.leadingZeroBitCount)
  }
}
