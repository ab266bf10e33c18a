/// Tells from tables whether what a log holds of a family was flushed: a log and a memtable belong together, so one
/// version of the log in a table says that all of that family's are. For databases whose MANIFEST, which knows it, is
/// lost. A log that is replayed although it was flushed would hide newer versions.
struct FlushedLogs {
  /// Versions of one log and family that are looked up at most.
  private static let mostLookups = 2000

  private let directory: any ReadableDirectory
  private let cache: TableCache
  private let families: [UInt32: DraftState.Family]
  private let tables: [UInt32: [TableMetadata]]

  /// `tables`: by family, also those that are to be rewritten.
  init(
    _ directory: any ReadableDirectory, families: [UInt32: DraftState.Family], tables: [UInt32: [TableMetadata]]
  ) {
    self.directory = directory
    cache = TableCache(directory: directory)
    self.families = families
    self.tables = tables
  }

  /// Families of which a table has what the log `number` holds.
  func families(in number: UInt64, plainOnly: Bool) throws(DatabaseError) -> Set<UInt32> {
    var flushed: Set<UInt32> = []
    var lookups: [UInt32: Int] = [:]
    let file = try directory.open(DatabaseFile.log(number).name)
    let reader = LogReader(file: file, number: number, mode: .skipAnyCorrupted, plainOnly: plainOnly)
    while let item = try reader.next() {
      guard case .record(let record) = item else { continue }
      do throws(FormatError) {
        try WriteBatchReader.check(record.bytes)
        var batch = try WriteBatchReader(record.bytes)
        while let operation = try batch.next() {
          guard let kind = operation.entryKind, kind != .rangeDeletion, !flushed.contains(operation.family),
            lookups[operation.family, default: 0] < FlushedLogs.mostLookups
          else { continue }
          lookups[operation.family, default: 0] += 1
          if try isInTable(operation, kind) { flushed.insert(operation.family) }
        }
      } catch { continue }
    }
    return flushed
  }

  private func isInTable(_ operation: WriteOperation, _ kind: EntryKind) throws(FormatError) -> Bool {
    guard let family = families[operation.family], family.order.isKnown else { return false }
    let order = family.order
    let key = [UInt8](operation.key)
    let target = InternalKey(userKey: key, sequence: .maximum, kind: EntryKind.seek)
    for table in tables[operation.family] ?? [] {
      guard order.compare(table.smallest.userKey, key) <= 0, order.compare(table.largest.userKey, key) >= 0 else {
        continue
      }
      do throws(DatabaseError) {
        let reader = try cache.reader(table, order: order)
        let bytes = ByteBuffer(target.bytes)
        defer { withExtendedLifetime(bytes) {} }
        guard let found = try reader.get(bytes.bytes), found.key.userKey == key else { continue }
        if found.key.sequence >= operation.sequence { return true }
        if found.key.sequence == 0, found.key.kind == kind.rawValue, found.value.elementsEqual(operation.value) {
          return true
        }
      } catch { continue }
    }
    return false
  }
}
