internal import Synchronization

/// All that a reader looks at, of all column families, at one moment: memtables and tables. Never changes; whatever
/// changes the database puts a new view in its place, whole.
///
/// A reader takes the view first and the newest sequence number after it: everything up to that number that was
/// written before the view was made is in it, and compactions have dropped nothing that the number can see.
final class ReadView: Sendable {
  struct Family: Sendable {
    let live: LiveFamily
    /// Newest first; the first is being written.
    let memtables: [Memtable]
    let tables: ColumnFamily
    let tombstones: TableTombstones
    /// `tables` ready for point reads.
    let map: LevelMap
  }

  let version: Version
  /// By id.
  let families: [Family]
  private let places: [UInt32: Int]
  /// See `ViewSlot`.
  private let readers = Atomic<Int>(0)

  init(_ version: Version, families: [Family]) {
    self.version = version
    self.families = families
    places = Dictionary(uniqueKeysWithValues: families.enumerated().map { ($1.live.id, $0) })
  }

  /// nil when the family was dropped.
  @inline(__always)
  func family(_ id: UInt32) -> Family? { id == 0 ? families[0] : places[id].map { families[$0] } }

  /// Adds the readers that a slot counted, or takes one away; at zero the slot's reference goes.
  func settle(_ count: Int) {
    if readers.wrappingAdd(count, ordering: .acquiringAndReleasing).newValue == 0 {
      Unmanaged.passUnretained(self).release()
    }
  }
}
