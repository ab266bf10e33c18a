/// Takes the rows that one thread reads: into buckets while there is memory, then into a spill file and on.
struct RowIntake: ~Copyable {
  private let routes: KeyRoutes
  private(set) var spill: SpillFile
  private(set) var buckets: RowBuckets
  private(set) var bytesSpilled: UInt64 = 0

  init(routes: KeyRoutes, memory: LoadMemory, budget: MemoryBudget, spill: SpillFile) {
    self.routes = routes
    self.spill = spill
    buckets = RowBuckets(
      count: routes.bucketCount, chunkSize: memory.chunkSize, slabSize: memory.slabSize, budget: budget)
  }

  /// Copies one row. Throws when spilling fails.
  @inline(__always)
  mutating func add(
    family: Int, key: UnsafeRawBufferPointer, trailer: UInt64, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    let bucket = routes.bucket(of: key, family: family)
    if !buckets.add(bucket: bucket, key: key, trailer: trailer, value: value) {
      try makeRoom(bucket, key, trailer, value)
    }
  }

  @inline(never)
  private mutating func makeRoom(
    _ bucket: Int, _ key: UnsafeRawBufferPointer, _ trailer: UInt64, _ value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    try spillAll()
    // The other threads may hold all the memory; each of them goes on with at least one slab or row.
    guard buckets.add(bucket: bucket, key: key, trailer: trailer, value: value, anyway: true) else {
      throw DatabaseError(.io(12), "no memory for an entry of \(key.count + value.count) bytes")
    }
  }

  /// Writes everything to the spill file.
  mutating func spillAll() throws(DatabaseError) {
    let before = spill.size
    try spill.spill(&buckets)
    bytesSpilled += spill.size - before
  }

  /// No more rows come; what was spilled can be read.
  mutating func finish() throws(DatabaseError) { try spill.close() }

  /// Adds what is in memory and what was spilled. This value has to live on for as long as `contents` is used.
  mutating func collect(into contents: BucketContents) {
    contents.add(&buckets)
    contents.add(spill)
  }
}
