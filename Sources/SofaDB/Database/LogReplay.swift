/// Replays write-ahead logs into memory: what an engine would have in its memtables after opening the database.
///
/// Logs are given oldest first. A batch is applied whole or not at all. Two-phase commit: operations between the
/// begin and the end of a prepare wait for the commit and take the commit's sequence numbers, as RocksDB's default
/// write policy does. Problems that would make an engine refuse to open are collected, not thrown; only a failing disk
/// throws. Used by one thread.
public struct LogReplay {
  /// What a reported corruption leads to.
  public enum Policy: Sendable, Hashable {
    /// RocksDB with this recovery mode.
    case rocksDB(RecoveryMode)
    /// LevelDB's default: the record is dropped and reading goes on.
    case levelDB

    var mode: RecoveryMode {
      switch self {
      case .rocksDB(let mode): mode
      case .levelDB: .tolerateCorruptedTail
      }
    }
  }

  /// A memtable's worth of one family.
  public final class FamilyEntries {
    /// Logs with smaller numbers are already in the family's tables.
    let logNumber: UInt64
    let hasTables: Bool
    public let entries = SortedEntries()
    public internal(set) var tombstones: [RangeTombstone] = []

    /// Keys have timestamps: a deletion in a log becomes one with timestamp, as RocksDB's memtable has it.
    let hasTimestamps: Bool

    init(logNumber: UInt64, hasTables: Bool, hasTimestamps: Bool) {
      self.logNumber = logNumber
      self.hasTables = hasTables
      self.hasTimestamps = hasTimestamps
    }
  }

  /// Something met in a log that is not a record.
  public struct Incident: Sendable {
    public var file: String
    public var event: LogEvent
  }

  /// A copy of an operation that waits for its transaction's commit.
  private struct Held {
    var kind: EntryKind
    var family: UInt32
    var key: [UInt8]
    var value: [UInt8]
  }

  public let policy: Policy
  public private(set) var families: [UInt32: FamilyEntries] = [:]
  public private(set) var incidents: [Incident] = []
  /// What would make the engine refuse to open.
  public private(set) var problems: [DatabaseError] = []
  /// The largest sequence number seen.
  public private(set) var lastSequence: SequenceNumber
  /// Batches applied.
  public private(set) var batches = 0
  /// Transactions prepared and neither committed nor rolled back.
  public var pendingTransactions: Int { prepared.count }

  private var prepared: [[UInt8]: [Held]] = [:]
  private var nextSequence: SequenceNumber?
  /// The log in which replay stopped, until a later one continues without a gap.
  private var stoppedIn: UInt64?
  private var hasFailed = false
  private let stopsAtGaps: Bool

  /// `stopsAtGaps`: whether point-in-time recovery ends where zeros stand before further records, as it does at other
  /// damage. RocksDB reads on there. A crash leaves such a gap when the pages of writes that were not synced reached
  /// the disk out of order, and what lies behind it is newer than what is missing.
  public init(_ version: Version, policy: Policy, stopsAtGaps: Bool = false) {
    self.policy = policy
    self.stopsAtGaps = stopsAtGaps && policy == .rocksDB(.pointInTime)
    lastSequence = version.lastSequence
    for family in version.families {
      families[family.id] = FamilyEntries(
        logNumber: family.logNumber, hasTables: family.levels.contains { !$0.isEmpty },
        hasTimestamps: family.order.timestampSize > 0)
    }
  }

  /// Replays one log. Logs older than every family's tables should not be given.
  public mutating func replay(_ number: UInt64, file: any RandomAccessFile) throws(DatabaseError) {
    guard !hasFailed else { return }
    let reader = LogReader(file: file, number: number, mode: policy.mode, plainOnly: policy == .levelDB)
    var gap: LogEvent?
    while let item = try reader.next() {
      switch item {
      case .record(let record):
        if stopsAtGaps, let gap {
          incidents.append(Incident(file: file.name, event: gap))
          stoppedIn = number
          return
        }
        do throws(FormatError) {
          guard try apply(record.bytes, log: number) else { return }
        } catch {
          let problem = DatabaseError(error, file: file.name, base: record.offset)
          guard shouldGoOn(after: problem, in: number) else { return }
        }
      case .event(let event):
        incidents.append(Incident(file: file.name, event: event))
        if event.cause == .zeroPadding || event.cause == .zeroHeader {
          gap = event
          gap?.stopsReplay = true
        }
        guard event.stopsReplay else { continue }
        let problem = DatabaseError(.corruption, file: file.name, offset: event.offset, event.reason)
        guard shouldGoOn(after: problem, in: number) else { return }
      }
    }
  }

  /// Ends the replay: sorts what was read and looks for tables that are ahead of a log that was cut.
  public mutating func finish(_ version: Version) {
    for family in version.families { families[family.id]?.entries.seal(order: family.order) }
    guard let stoppedIn, policy != .levelDB else { return }
    for family in version.families
    where family.logNumber > stoppedIn && (families[family.id]?.hasTables ?? false) {
      problems.append(
        DatabaseError(
          .corruption, file: DatabaseFile.log(stoppedIn).name,
          "the log is damaged and tables of family \(EscapedText.printable(family.name)) hold later writes"))
    }
  }

  private mutating func shouldGoOn(after problem: DatabaseError, in log: UInt64) -> Bool {
    switch policy {
    case .levelDB, .rocksDB(.skipAnyCorrupted): return true
    case .rocksDB(.pointInTime) where !Mutant.tornTailRefused.isOn:
      stoppedIn = log
      return false
    case .rocksDB:
      problems.append(problem)
      hasFailed = true
      return false
    }
  }

  /// False when replay of this log ends here because an earlier log was cut and this one does not continue it.
  private mutating func apply(_ bytes: UnsafeRawBufferPointer, log: UInt64) throws(FormatError) -> Bool {
    try WriteBatchReader.check(bytes)
    var batch = try WriteBatchReader(bytes)
    if stoppedIn != nil {
      guard batch.sequence == nextSequence || Mutant.gapReplayed.isOn else { return false }
      stoppedIn = nil
    }
    var next = batch.nextSequence
    var section: [Held]?
    while let operation = try batch.next() {
      switch operation.kind {
      case .entry(let kind):
        if section != nil {
          section?.append(
            Held(
              kind: kind, family: operation.family, key: [UInt8](operation.key), value: [UInt8](operation.value)))
        } else {
          insert(kind, operation.family, operation.key, operation.value, operation.sequence, log)
        }
      case .beginPrepare: section = []
      case .beginPersistedPrepare, .beginUnprepare:
        throw FormatError("a write-prepared transaction, whose visibility the log does not tell", at: operation.offset)
      case .endPrepare:
        prepared[[UInt8](operation.value)] = section ?? []
        section = nil
      case .commit, .commitWithTimestamp:
        let held = prepared.removeValue(forKey: [UInt8](operation.value)) ?? []
        next = max(next, commit(held, at: operation.sequence, log))
      case .rollback: prepared[[UInt8](operation.value)] = nil
      case .logData, .noop: break
      }
    }
    nextSequence = next
    if next > 0 { lastSequence = max(lastSequence, next - 1) }
    batches += 1
    return true
  }

  private func commit(_ held: [Held], at first: SequenceNumber, _ log: UInt64) -> SequenceNumber {
    var sequence = first
    for operation in held {
      operation.key.withUnsafeBytes { key in
        operation.value.withUnsafeBytes { insert(operation.kind, operation.family, key, $0, sequence, log) }
      }
      sequence += 1
    }
    return sequence
  }

  private func insert(
    _ kind: EntryKind, _ family: UInt32, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer,
    _ sequence: SequenceNumber, _ log: UInt64
  ) {
    guard let target = families[family], log >= target.logNumber else { return }
    if kind == .rangeDeletion {
      target.tombstones.append(RangeTombstone(begin: [UInt8](key), end: [UInt8](value), sequence: sequence))
    } else {
      let kind = kind == .deletion && target.hasTimestamps ? .deletionWithTimestamp : kind
      target.entries.add(userKey: key, sequence: sequence, kind: kind, value: value)
    }
  }
}
