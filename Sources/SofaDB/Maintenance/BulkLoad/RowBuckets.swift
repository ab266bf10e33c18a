internal import CSofaKernels
internal import Glibc

/// The rows that one worker has read, in memory, each in the bucket of its key. Rows are copied to the end of their
/// bucket while they are in the cache; buckets are lists of chunks that are cut from slabs of one size.
///
/// Memory: slabs come out of a budget shared with the other workers. `add` refuses a row when there is none left; the
/// worker then writes its rows to a spill file and starts anew.
struct RowBuckets: ~Copyable {
  /// A run of encoded rows.
  struct Chunk {
    let start: UnsafeMutableRawPointer
    var count: Int

    /// Gives the memory back to the system at once, whole pages of it, when nobody looks at the rows again.
    func release() {
      let whole = start.alignedUp(toMultipleOf: RowBuckets.page)
      let size = (start + count).alignedDown(toMultipleOf: RowBuckets.page) - whole
      if size > 0 { madvise(whole, size, MADV_DONTNEED) }
    }
  }

  private static let page = Int(getpagesize())

  private struct Tail {
    /// Where the next row goes, and where the chunk ends.
    var next: UnsafeMutableRawPointer
    var end: UnsafeMutableRawPointer
    var rows = 0
    /// Bytes of rows in finished chunks.
    var bytes = 0
  }

  let count: Int
  private let budget: MemoryBudget
  private let chunkSize: Int
  private let slabSize: Int
  private let tails: UnsafeMutablePointer<Tail>
  private var chunks: [[Chunk]]
  private var slabs: [(start: UnsafeMutableRawPointer, size: Int)] = []
  /// Slabs of `slabSize` that hold nothing at the moment; they stay warm, and counted.
  private var spare: [UnsafeMutableRawPointer] = []
  private var freeStart: UnsafeMutableRawPointer
  private var freeCount = 0
  /// Rows in all buckets.
  private(set) var rowCount = 0

  /// `chunkSize` divides `slabSize`.
  init(count: Int, chunkSize: Int, slabSize: Int, budget: MemoryBudget) {
    self.count = count
    self.budget = budget
    self.chunkSize = chunkSize
    self.slabSize = slabSize
    chunks = Array(repeating: [], count: count)
    tails = .allocate(capacity: count)
    freeStart = UnsafeMutableRawPointer(tails)
    tails.initialize(repeating: Tail(next: freeStart, end: freeStart), count: count)
  }

  deinit {
    for slab in slabs {
      free(slab.start)
      budget.give(slab.size)
    }
    for slab in spare {
      free(slab)
      budget.give(slabSize)
    }
    tails.deallocate()
  }

  /// Copies a row into `bucket`; false when the budget has no room for it. With `anyway` the budget is overdrawn by one
  /// slab or the row's size: only when there is no other row.
  @inline(__always)
  mutating func add(
    bucket: Int, key: UnsafeRawBufferPointer, trailer: UInt64, value: UnsafeRawBufferPointer, anyway: Bool = false
  ) -> Bool {
    let size = EncodedRow.overhead + key.count + value.count
    let tail = tails + bucket
    if tail.pointee.end - tail.pointee.next < size, !extend(bucket, for: size, anyway) { return false }
    EncodedRow.write(key: key, trailer: trailer, value: value, at: tail.pointee.next)
    tail.pointee.next += size
    // Where the next row goes, some hundred rows from now.
    sofa_prefetch(tail.pointee.next + 64)
    sofa_prefetch(tail.pointee.next + 128)
    tail.pointee.rows &+= 1
    rowCount &+= 1
    return true
  }

  /// Starts a new chunk with room for a row of `size` bytes.
  @inline(never)
  private mutating func extend(_ bucket: Int, for size: Int, _ anyway: Bool) -> Bool {
    let start: UnsafeMutableRawPointer
    let capacity: Int
    if size > chunkSize {
      guard let slab = takeSlab(size, anyway) else { return false }
      start = slab
      capacity = size
    } else {
      if freeCount < chunkSize {
        guard let slab = takeSlab(slabSize, anyway) else { return false }
        freeStart = slab
        freeCount = slabSize
      }
      start = freeStart
      capacity = chunkSize
      freeStart += chunkSize
      freeCount -= chunkSize
    }
    seal(bucket)
    chunks[bucket].append(Chunk(start: start, count: 0))
    tails[bucket].next = start
    tails[bucket].end = start + capacity
    return true
  }

  /// Notes how far the last chunk of a bucket is filled.
  private mutating func seal(_ bucket: Int) {
    guard let last = chunks[bucket].indices.last else { return }
    let tail = tails + bucket
    let filled = tail.pointee.next - chunks[bucket][last].start
    tail.pointee.bytes += filled - chunks[bucket][last].count
    chunks[bucket][last].count = filled
  }

  private mutating func takeSlab(_ size: Int, _ anyway: Bool) -> UnsafeMutableRawPointer? {
    if size == slabSize, let slab = spare.popLast() {
      slabs.append((slab, size))
      return slab
    }
    if anyway { budget.takeAnyway(size) } else if !budget.take(size) { return nil }
    // No huge pages: the ends of some hundred chunks fit the address cache, and fresh huge pages are dear in virtual
    // machines.
    var slab: UnsafeMutableRawPointer?
    guard posix_memalign(&slab, RowBuckets.page, size) == 0, let slab else {
      budget.give(size)
      return nil
    }
    slabs.append((slab, size))
    return slab
  }

  /// Forgets all rows and keeps the memory for the next ones, except that of very large rows.
  mutating func removeAll() {
    for slab in slabs {
      if slab.size == slabSize {
        spare.append(slab.start)
      } else {
        free(slab.start)
        budget.give(slab.size)
      }
    }
    slabs.removeAll(keepingCapacity: true)
    freeCount = 0
    rowCount = 0
    let none = UnsafeMutableRawPointer(tails)
    for bucket in 0..<count {
      chunks[bucket].removeAll(keepingCapacity: true)
      tails[bucket] = Tail(next: none, end: none)
    }
  }

  /// The chunks of a bucket, filled parts only, in the order in which rows came.
  mutating func chunks(of bucket: Int) -> [Chunk] {
    seal(bucket)
    return chunks[bucket]
  }

  func rowCount(of bucket: Int) -> Int { tails[bucket].rows }

  /// Bytes of encoded rows in a bucket.
  mutating func byteCount(of bucket: Int) -> Int {
    seal(bucket)
    return tails[bucket].bytes
  }
}
