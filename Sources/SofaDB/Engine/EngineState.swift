/// What the threads of an open database change together, under one lock that is never held while anything is read or
/// written.
struct EngineState {
  /// A memtable and the oldest log that its entries may be in.
  struct Buffer {
    var memtable: Memtable
    var logNumber: UInt64
  }

  struct Family {
    let live: LiveFamily
    /// The memtable that is written to.
    var active: Buffer
    /// Memtables that wait for their flush, newest first.
    private(set) var sealed: [Buffer] = []
    /// How many memtables were sealed, and how many of those are in tables.
    private(set) var sealedEver: UInt64 = 0
    private(set) var flushedEver: UInt64 = 0
    var isFlushing = false
    /// Of the version's tables, as the next.
    var tombstones = TableTombstones()
    var map: LevelMap
    var running: [CompactionChoice] = []
    /// The share of tombstones among the entries of tables, by number, where it is known.
    var deletions: [UInt64: Double] = [:]
    /// Whether something has changed since the picker found nothing to do.
    var isUnpicked = true
    /// Compactions are not picked while somebody holds them off.
    var compactionHolds = 0
    /// Whether one of them is at work.
    var isHeld = false
    /// Whether it is being dropped.
    var isDropped = false

    var waitsForFlush: Bool { !sealed.isEmpty && !isFlushing && !isDropped }

    /// Puts a new memtable in the place of the active one, which waits for its flush from now on.
    mutating func seal(next: Buffer) {
      sealed.insert(active, at: 0)
      sealedEver += 1
      active = next
    }

    /// The oldest so many are in tables.
    mutating func removeFlushed(_ count: Int) {
      sealed.removeLast(count)
      flushedEver += UInt64(count)
    }
  }

  var version: Version
  /// By id, `default` first.
  var families: [Family]
  /// Numbers of files that jobs are writing.
  var pendingFiles: Set<UInt64> = []
  /// The first failure; writes end with it until `resume`.
  var failure: DatabaseError?
  var isClosing = false
  /// Calls that `close` waits for.
  var callsAtWork = 0
  /// How many wait for the pipeline's lead and hold compactions off meanwhile.
  var leadsAwaited = 0
  /// Whether the first thread only flushes, since there are others.
  var hasFlushThread = false
  var hold = WriteHold.free
  /// Bytes a second that writers are held to while slowed.
  var delayedRate: Double = 0
  /// States that readers may still look at.
  var versions: [WeakVersion] = []

  struct WeakVersion {
    weak var version: Version?
  }

  init(_ version: Version, families: [Family]) {
    self.version = version
    self.families = families
    versions = [WeakVersion(version: version)]
  }

  func index(of family: UInt32) -> Int? { families.firstIndex { $0.live.id == family } }

  /// What readers see of all this.
  var view: ReadView {
    ReadView(
      version,
      families: families.compactMap { family in
        version.family(family.live.id).map { tables in
          ReadView.Family(
            live: family.live, memtables: [family.active.memtable] + family.sealed.map(\.memtable), tables: tables,
            tombstones: family.tombstones, map: family.map)
        }
      })
  }

  /// What writers add to.
  var targets: WriteTargets {
    WriteTargets(
      families.map { family in
        (
          family.live.id,
          WriteTargets.Target(memtable: family.active.memtable, limit: family.live.options.writeBufferBytes)
        )
      })
  }

  /// Takes over a version that was installed.
  mutating func adopt(_ new: Version, cache: TableCache) {
    for index in families.indices where version.family(families[index].live.id) != new.family(families[index].live.id) {
      families[index].tombstones = TableTombstones()
      families[index].isUnpicked = true
      let tables = new.family(families[index].live.id)
      families[index].map = LevelMap(tables?.levels ?? [], order: families[index].live.order, cache: cache)
      let live = Set(tables?.tables.map(\.number) ?? [])
      families[index].deletions = families[index].deletions.filter { live.contains($0.key) }
    }
    version = new
    versions.removeAll { $0.version == nil }
    versions.append(WeakVersion(version: new))
  }

  /// Notes how much of new tables are tombstones; range tombstones count as much as anything.
  mutating func note(_ outputs: [CompactionOutput], of family: UInt32) {
    guard let index = index(of: family) else { return }
    for output in outputs where output.summary.tombstoneCount > 0 {
      families[index].deletions[output.number] =
        Double(output.summary.tombstoneCount) / Double(max(output.summary.entryCount, 1))
    }
  }

  /// The oldest log that some memtable may need.
  var oldestLog: UInt64 {
    families.reduce(UInt64.max) { oldest, family in
      family.sealed.reduce(min(oldest, family.active.logNumber)) { min($0, $1.logNumber) }
    }
  }

  /// Says whether writers may go on, from how far flushes and compactions are behind.
  mutating func updateHold(base: Double) {
    var worst = 0.0
    for family in families {
      guard let tables = version.family(family.live.id) else { continue }
      let options = family.live.options
      let runs = Double(tables.levels[0].count)
      worst = max(
        worst, EngineState.strain(runs, Double(options.level0SlowdownTrigger), Double(options.level0StopTrigger)))
      let pending = Double(EngineState.pendingBytes(tables, options.compaction))
      worst = max(
        worst, EngineState.strain(pending, Double(options.pendingBytesSlowdown), Double(options.pendingBytesStop)))
    }
    hold = worst >= 1 ? .stopped : worst > 0 ? .slowed : .free
    delayedRate = base * max(1 - worst, 1 / 32)
  }

  /// 0 below `slow`, 1 from `stop` on, and between them in between.
  private static func strain(_ value: Double, _ slow: Double, _ stop: Double) -> Double {
    guard value >= slow else { return 0 }
    return value >= stop ? 1 : max(0.01, (value - slow) / max(stop - slow, 1))
  }

  /// About what compactions would have to rewrite until no level is too large.
  private static func pendingBytes(_ tables: ColumnFamily, _ options: CompactionOptions) -> UInt64 {
    guard options.style == .leveled else { return 0 }
    let targets = LevelTargets(tables, options)
    var excess: UInt64 = 0
    for level in 1..<max(tables.levels.count - 1, 1) {
      let size = tables.levels[level].reduce(UInt64(0)) { $0 &+ $1.size }
      let target = targets.bytes[level]
      if size > target { excess &+= (size - target) &* (options.levelMultiplier + 1) }
    }
    return excess
  }
}
