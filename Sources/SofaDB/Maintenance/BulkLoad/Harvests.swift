/// What all threads have read, brought together.
struct Harvests {
  private let harvests: [RowScatter.Harvest]
  private let budget: MemoryBudget
  private let jobs: Int

  init(_ harvests: [RowScatter.Harvest], budget: MemoryBudget, jobs: Int) {
    self.harvests = harvests
    self.budget = budget
    self.jobs = jobs
  }

  /// The rows bucket by bucket. Either all of them stay in memory, or all of them go to the spill files: when one
  /// thread had to spill already, or when the memory that is left would not do for sorting.
  func contents(buckets: Int) throws(DatabaseError) -> BucketContents {
    let inMemory = BucketContents(count: buckets)
    for harvest in harvests { harvest.collect(into: inMemory) }
    let hasSpilled = harvests.contains { $0.bytesSpilled > 0 }
    if !hasSpilled, budget.available >= jobs * inMemory.largestSort { return inMemory }
    let failures = LoadWatch(isCancelled: { false }, report: { _ in })
    Workers.run(harvests.count) { index in
      failures.guarding { () throws(DatabaseError) in
        try self.harvests[index].spillAll()
        try self.harvests[index].finish()
      }
    }
    try failures.check()
    let spilled = BucketContents(count: buckets)
    for harvest in harvests { harvest.collect(into: spilled) }
    return spilled
  }
}
