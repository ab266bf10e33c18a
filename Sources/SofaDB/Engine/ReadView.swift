internal import Synchronization

/// All that a reader looks at, of all column families, at one moment: memtables and tables. Never changes; whatever
/// changes the database puts a new view in its place, whole.
///
/// A reader takes the view first and the newest sequence number after it: everything up to that number that was
/// written before the view was made is in it, and compactions have dropped nothing that the number can see.
final class ReadView: Sendable {
  final class Family: @unchecked Sendable {
    let live: LiveFamily
    /// Newest first; the first is being written.
    let memtables: [Memtable]
    let tables: ColumnFamily
    let tombstones: TableTombstones
    /// `tables` ready for point reads.
    let map: LevelMap
    /// For cursors without bounds.
    let spareInputs = Spares<MergeInputs>(limit: 4)
    /// `memtables`, for point reads, which count no references.
    private let borrowedMemtables: UnsafeBufferPointer<Unmanaged<Memtable>>

    init(
      live: LiveFamily, memtables: [Memtable], tables: ColumnFamily, tombstones: TableTombstones, map: LevelMap
    ) {
      self.live = live
      self.memtables = memtables
      self.tables = tables
      self.tombstones = tombstones
      self.map = map
      let places = UnsafeMutableBufferPointer<Unmanaged<Memtable>>.allocate(capacity: memtables.count)
      _ = places.initialize(from: memtables.lazy.map { Unmanaged.passUnretained($0) })
      borrowedMemtables = UnsafeBufferPointer(places)
    }

    deinit { borrowedMemtables.deallocate() }

    /// Looks at everything, from the newest to the oldest, until the matter is settled.
    func look(_ lookup: inout PointLookup) throws(DatabaseError) {
      for memtable in borrowedMemtables
      where try memtable.borrowed({ (memtable) throws(DatabaseError) in try lookup.look(in: memtable) }) {
        return
      }
      try lookup.look(in: map)
    }
  }

  let version: Version
  /// By id.
  let families: [Family]
  private let places: [UInt32: Int]
  /// More than there can be readers: a reader that leaves before its stripe has handed it over takes nothing from the
  /// stripe's own share.
  private static let share = 1 << 32
  /// A share for each stripe of a `ViewSlot` that has this view, and the readers that other stripes handed over.
  private let holders = Atomic<Int>(ViewSlot.stripes * share)

  init(_ version: Version, families: [Family]) {
    self.version = version
    self.families = families
    places = Dictionary(uniqueKeysWithValues: families.enumerated().map { ($1.live.id, $0) })
  }

  /// nil when the family was dropped.
  @inline(__always)
  func family(_ id: UInt32) -> Family? { id == 0 ? families[0] : places[id].map { families[$0] } }

  /// A stripe has another view now, and so many readers came to this one through it.
  func handOver(readers: Int) { settle(readers - ReadView.share) }

  /// A reader leaves whose stripe has another view by now.
  func leave() { settle(-1) }

  /// At zero the slot's reference goes.
  private func settle(_ change: Int) {
    if holders.wrappingAdd(change, ordering: .acquiringAndReleasing).newValue == 0 {
      Unmanaged.passUnretained(self).release()
    }
  }
}
