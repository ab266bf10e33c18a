/// Tells from tables whether what a log holds of a family was flushed: a log and a memtable belong together, so one
/// version of the log in a table, or a newer one, says that all of that family's are, and an older one that nothing
/// hides says that none is. For databases whose MANIFEST, which knows it, is lost. A log that is replayed although
/// it was flushed would hide newer versions.
///
/// At the bottom sequence numbers are 0. Where nothing else tells, most of a flushed log's keys have its content there.
struct FlushedLogs {
  /// The last write of a log to one key.
  private struct Last {
    var kind: EntryKind
    var sequence: SequenceNumber
    var value: [UInt8]
  }

  /// What tables say of the last writes of one family.
  private struct Votes {
    var isFlushed = false
    var hidesNothing = 0
    var sameAtBottom = 0
    var otherwise = 0

    var verdict: Bool { isFlushed || (hidesNothing == 0 && sameAtBottom > otherwise) }
  }

  /// Keys of one log and family that are looked up at most.
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

  /// Families of which tables have what the log `number` holds.
  func families(in number: UInt64, plainOnly: Bool) throws(DatabaseError) -> Set<UInt32> {
    var flushed: Set<UInt32> = []
    for (family, writes) in try lastWrites(number, plainOnly).sorted(by: { $0.key < $1.key }) {
      var votes = Votes()
      for (key, write) in writes.sorted(by: { $0.value.sequence < $1.value.sequence }) where !votes.isFlushed {
        vote(family, key, write, &votes)
      }
      if votes.verdict { flushed.insert(family) }
    }
    return flushed
  }

  private func lastWrites(
    _ number: UInt64, _ plainOnly: Bool
  ) throws(DatabaseError) -> [UInt32: [[UInt8]: Last]] {
    var last: [UInt32: [[UInt8]: Last]] = [:]
    let file = try directory.open(DatabaseFile.log(number).name)
    let reader = LogReader(file: file, number: number, mode: .skipAnyCorrupted, plainOnly: plainOnly)
    while let item = try reader.next() {
      guard case .record(let record) = item else { continue }
      do throws(FormatError) {
        try WriteBatchReader.check(record.bytes)
        var batch = try WriteBatchReader(record.bytes)
        while let operation = try batch.next() {
          guard let kind = operation.entryKind, kind != .rangeDeletion else { continue }
          let key = [UInt8](operation.key)
          guard last[operation.family]?[key] != nil || last[operation.family]?.count ?? 0 < FlushedLogs.mostLookups
          else { continue }
          last[operation.family, default: [:]][key] = Last(
            kind: kind, sequence: operation.sequence, value: [UInt8](operation.value))
        }
      } catch { continue }
    }
    return last
  }

  private func vote(_ id: UInt32, _ key: [UInt8], _ write: Last, _ votes: inout Votes) {
    guard let family = families[id], family.order.isKnown else { return }
    let order = family.order
    let target = ByteBuffer(InternalKey(userKey: key, sequence: .maximum, kind: EntryKind.seek).bytes)
    defer { withExtendedLifetime(target) {} }
    var newest: SequenceNumber?
    var isSame = false
    for table in tables[id] ?? [] {
      guard order.compare(table.smallest.userKey, key) <= 0, order.compare(table.largest.userKey, key) >= 0 else {
        continue
      }
      do throws(DatabaseError) {
        let reader = try cache.reader(table, order: order)
        guard let found = try reader.get(target.bytes), found.key.userKey == key else { continue }
        newest = max(newest ?? 0, found.key.sequence)
        let isEqual = found.key.kind == write.kind.rawValue && found.value.elementsEqual(write.value)
        if found.key.sequence == 0, isEqual { isSame = true }
      } catch { continue }
    }
    guard let newest else {
      // A deletion may be all that was left to drop.
      if !write.kind.isPointTombstone { votes.otherwise += 1 }
      return
    }
    if newest >= write.sequence {
      votes.isFlushed = true
    } else if newest > 0 {
      votes.hidesNothing += 1
    } else if isSame {
      votes.sameAtBottom += 1
    } else if write.kind != .merge {
      votes.otherwise += 1
    }
  }
}
