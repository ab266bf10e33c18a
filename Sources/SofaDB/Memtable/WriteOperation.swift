/// One record of a write batch.
public struct WriteOperation {
  /// What the record's tag means, whatever its column family form.
  public enum Kind: Sendable, Equatable {
    /// Changes a key and takes a sequence number.
    case entry(EntryKind)
    /// `value` is a note for replication.
    case logData
    case noop
    case beginPrepare
    /// Write-prepared transactions: their visibility is kept elsewhere, so a tool must not guess.
    case beginPersistedPrepare
    /// Write-unprepared transactions; likewise.
    case beginUnprepare
    /// `value` is the transaction's name; so in the three below.
    case endPrepare
    case commit
    case rollback
    /// `key` is the timestamp, `value` the transaction's name.
    case commitWithTimestamp
  }

  public let kind: Kind
  /// Column family id; 0 for records that have none.
  public let family: UInt32
  /// User key, with its timestamp in families that have them; begin of a range deletion. Borrowed from the batch.
  public let key: UnsafeRawBufferPointer
  /// Value, merge operand, or end of a range deletion (exclusive). Borrowed from the batch.
  public let value: UnsafeRawBufferPointer
  /// Of an entry: its own number. Of anything else: the number that the next entry gets.
  public let sequence: SequenceNumber
  /// Where the record starts in the batch.
  public let offset: Int

  public var entryKind: EntryKind? {
    if case .entry(let kind) = kind { kind } else { nil }
  }

  /// Whether it belongs to two-phase commit.
  public var isTransactionMarker: Bool {
    switch kind {
    case .entry, .logData, .noop: false
    default: true
    }
  }
}
