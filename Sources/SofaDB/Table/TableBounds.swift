/// The least and the greatest internal key of a table, as MANIFEST records store them: exact keys, widened by range
/// tombstones. A tombstone's end is exclusive, which its bound says with the greatest trailer of its kind.
struct TableBounds {
  private let order: KeyOrder
  private var least: InternalKey?
  private var greatest: InternalKey?

  init(order: KeyOrder) { self.order = order }

  private static let empty = InternalKey(userKey: [], trailer: 0)

  var smallest: InternalKey { least ?? TableBounds.empty }
  var largest: InternalKey { greatest ?? TableBounds.empty }

  /// Internal keys of at least 8 bytes.
  mutating func include(first: UnsafeRawBufferPointer, last: UnsafeRawBufferPointer) {
    include(
      InternalKey(userKey: [UInt8](first.internalKeyUserKey), trailer: first.internalKeyTrailer),
      InternalKey(userKey: [UInt8](last.internalKeyUserKey), trailer: last.internalKeyTrailer))
  }

  mutating func include(_ smallest: InternalKey, _ largest: InternalKey) {
    if least.map({ order.compare(smallest, $0) < 0 }) ?? true { least = smallest }
    if greatest.map({ order.compare(largest, $0) > 0 }) ?? true { greatest = largest }
  }

  mutating func include(_ tombstone: RangeTombstone) {
    include(
      InternalKey(userKey: tombstone.begin, sequence: tombstone.sequence, kind: EntryKind.rangeDeletion),
      InternalKey(rangeDeletionEnd: tombstone.end))
  }
}
