internal import Synchronization

/// The second half of a load: threads take groups of buckets, sort their rows and write them to tables.
final class TableProduction: @unchecked Sendable {
  /// What became of one group.
  struct Product: Sendable {
    var tables: [LoadedTable] = []
    var digest = ContentDigest()
    var written: UInt64 = 0
    var duplicates: UInt64 = 0
    var largestSequence: SequenceNumber = 0

    init() {}

    /// What an emitter has made, when it is finished.
    init(_ emitter: borrowing RowEmitter) {
      tables = emitter.series.tables
      digest = emitter.digest
      written = emitter.written
      duplicates = emitter.duplicates
      largestSequence = emitter.largestSequence
    }
  }

  struct Family: Sendable {
    /// Of the family with number 0, which every database has.
    static let defaultName = "default"

    var name: String
    var id: UInt32
    var order: KeyOrder
    var mergeOperator: String?
    var tombstones: [RangeTombstone] = []

    init(name: String, id: UInt32, order: KeyOrder, mergeOperator: String? = nil) {
      self.name = name
      self.id = id
      self.order = order
      self.mergeOperator = mergeOperator
    }

    /// The only family of a load.
    init(name: String, order: KeyOrder) {
      self.init(name: name, id: name == Family.defaultName ? 0 : 1, order: order)
    }
  }

  private let contents: BucketContents
  private let routes: KeyRoutes
  private let groups: [RowGroup]
  private let families: [Family]
  private let sequences: RowEmitter.Sequences
  private let targets: [TableSeries.Target]
  private let spillDirectory: any Directory
  private let spillName: String
  private let sortMemory: Int
  private let watch: LoadWatch
  private let nextGroup = Atomic<Int>(0)
  /// The first group with a conflict; later groups need not be written.
  private let firstConflict = Atomic<Int>(.max)
  private let products: Mutex<[Int: Product]>
  private let conflicts = Mutex<[Int: RowEmitter.Duplicate]>([:])

  /// `targets`: one for each family. `sortMemory`: bytes for each thread.
  init(
    contents: BucketContents, routes: KeyRoutes, groups: [RowGroup], families: [Family],
    sequences: RowEmitter.Sequences, targets: [TableSeries.Target], spillDirectory: any Directory,
    spillName: String, sortMemory: Int, watch: LoadWatch
  ) {
    self.contents = contents
    self.routes = routes
    self.groups = groups
    self.families = families
    self.sequences = sequences
    self.targets = targets
    self.spillDirectory = spillDirectory
    self.spillName = spillName
    self.sortMemory = sortMemory
    self.watch = watch
    products = Mutex([:])
  }

  /// Writes all groups on `jobs` threads. Other errors than conflicts are with `watch`.
  func run(jobs: Int, closer: TableCloser?) {
    let workers = min(jobs, max(1, groups.count))
    let running = Atomic<Int>(workers)
    Workers.run(workers + (closer == nil ? 0 : 1)) { index in
      guard index < workers else {
        closer?.run()
        return
      }
      self.watch.guarding { () throws(DatabaseError) in try self.work(index) }
      if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { closer?.end() }
    }
    if let closer { watch.guarding { () throws(DatabaseError) in try closer.finish() } }
  }

  /// In the order of keys.
  func result() -> [Product] {
    products.withLock { products in groups.indices.compactMap { products[$0] } }
  }

  /// The conflict with the smallest key, if there is one.
  func conflict() -> RowEmitter.Duplicate? {
    conflicts.withLock { $0.min { $0.key < $1.key }?.value }
  }

  private func work(_ worker: Int) throws(DatabaseError) {
    var sorter = BucketSorter(
      routes: routes, share: sortMemory, spillDirectory: spillDirectory, spillName: "\(spillName)-\(worker)")
    while watch.goesOn() {
      let index = nextGroup.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < groups.count, index < firstConflict.load(ordering: .relaxed) else { return }
      try write(index, &sorter)
    }
  }

  private func write(_ index: Int, _ sorter: inout BucketSorter) throws(DatabaseError) {
    let group = groups[index]
    let family = families[group.family]
    guard group.byteCount > 0 || !family.tombstones.isEmpty else { return }
    let series = TableSeries(
      target: targets[group.family], family: group.family, place: index,
      tombstones: family.tombstones, lowerBound: routes.lowerBound(ofBucket: group.buckets.lowerBound),
      upperBound: routes.upperBound(ofBucket: group.buckets.upperBound - 1))
    var emitter = RowEmitter(
      sequences: sequences, family: ContentDigest.Family(name: family.name), series: series)
    for bucket in group.buckets {
      guard watch.goesOn() else { return }
      try sorter.emit(contents.buckets[bucket], number: bucket, into: &emitter)
      if let conflict = emitter.conflict {
        conflicts.withLock { $0[index] = conflict }
        firstConflict.min(index, ordering: .relaxed)
        return
      }
      contents.release(bucket)
      watch.advance(contents.buckets[bucket].byteCount)
    }
    try emitter.finish()
    let product = Product(emitter)
    products.withLock { $0[index] = product }
  }
}
