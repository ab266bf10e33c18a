/// Tells from tables whether what a log holds of a family was flushed: a log and a memtable belong together, so one
/// version of the log in a table, or a newer one, says that all of that family's are, and an older one that nothing
/// hides says that none is. For databases whose MANIFEST, which knows it, is lost. A log that is replayed although
/// it was flushed would hide newer versions.
///
/// At the bottom sequence numbers are 0. Where nothing else tells, most of a flushed log's keys have its content there.
///
/// Memtables are flushed in their order and whole, and a log has writes of one memtable of each family: a table that
/// reaches the first of them says that they were flushed. Not of the newest log, which every flush begins anew.
struct FlushedLogs {
  /// A family of which a log counts as flushed.
  struct Flushed {
    let family: UInt32
    /// Writes of the log of which no table has that version or a newer one: deletions that were compacted away since
    /// took them, or they are lost.
    fileprivate(set) var unproven: UInt64 = 0
    /// Some of them replaced a version that tables still have.
    fileprivate(set) var mayResurface = false
    /// User keys around them.
    fileprivate(set) var first: [UInt8] = []
    fileprivate(set) var last: [UInt8] = []
    fileprivate(set) var sequences: ClosedRange<SequenceNumber> = 0...0

    fileprivate init(_ family: UInt32) { self.family = family }

    fileprivate mutating func add(_ key: [UInt8], _ sequence: SequenceNumber, _ order: KeyOrder) {
      let isFirst = unproven == 0
      unproven += 1
      if isFirst || order.compare(key, first) < 0 { first = key }
      if isFirst || order.compare(key, last) > 0 { last = key }
      sequences =
        isFirst
        ? sequence...sequence : min(sequences.lowerBound, sequence)...max(sequences.upperBound, sequence)
    }
  }

  /// The last write of a log to one key.
  private struct Last {
    var kind: EntryKind
    var sequence: SequenceNumber
    var value: [UInt8]
  }

  /// What tables say of one write.
  private enum Vote { case flushed, hidesNothing, sameAtBottom, otherwise, absent, unclear }

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
  private let newest: [UInt32: SequenceNumber]

  /// `tables`: by family, also those that are to be rewritten. `newest`: the largest sequence number of each family's
  /// tables that flushes and compactions made, damaged ones included.
  init(
    _ directory: any ReadableDirectory, families: [UInt32: DraftState.Family], tables: [UInt32: [TableMetadata]],
    newest: [UInt32: SequenceNumber]
  ) {
    self.directory = directory
    self.newest = newest
    cache = TableCache(directory: directory)
    self.families = families
    self.tables = tables
  }

  /// Families of which tables have what the log `number` holds. `isNewest`: no log came after it.
  func families(in number: UInt64, isNewest: Bool, plainOnly: Bool) throws(DatabaseError) -> [Flushed] {
    var flushed: [Flushed] = []
    for (id, writes) in try lastWrites(number, plainOnly).sorted(by: { $0.key < $1.key }) {
      guard let order = families[id]?.order, order.isKnown else { continue }
      var votes = Votes()
      var family = Flushed(id)
      for (key, write) in writes {
        switch vote(id, key, write, order) {
        case .flushed: votes.isFlushed = true
        case .sameAtBottom: votes.sameAtBottom += 1
        case .otherwise: votes.otherwise += 1
        case .unclear: continue
        case .hidesNothing:
          votes.hidesNothing += 1
          family.mayResurface = true
          family.add(key, write.sequence, order)
        case .absent:
          // A deletion may be all that was left to drop.
          if write.kind.isPointTombstone { continue }
          votes.otherwise += 1
          family.add(key, write.sequence, order)
        }
      }
      let first = writes.values.map(\.sequence).min() ?? .maximum
      if votes.verdict || (!isNewest && newest[id] ?? 0 >= first) { flushed.append(family) }
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

  private func vote(_ id: UInt32, _ key: [UInt8], _ write: Last, _ order: KeyOrder) -> Vote {
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
    guard let newest else { return .absent }
    if newest >= write.sequence { return .flushed }
    if newest > 0 { return .hidesNothing }
    if isSame { return .sameAtBottom }
    // Operands at the bottom are merged with what was below them.
    return write.kind == .merge ? .unclear : .otherwise
  }
}
