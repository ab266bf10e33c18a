/// Reads the operations of a write batch in order. The bytes are borrowed; whoever owns them keeps them alive.
///
/// The count in the header is compared with the entries found when the end is reached; to apply a batch whole or not
/// at all, `check` it first.
public struct WriteBatchReader {
  /// Of the first entry.
  public let sequence: SequenceNumber
  /// Entries, as the header says.
  public let count: UInt32
  /// Entries read so far.
  public private(set) var found: UInt32 = 0

  private var reader: ByteReader

  /// Throws when there is no whole header, or when its numbers leave the 56 bits of a sequence number.
  public init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    guard bytes.count >= WriteBatchFormat.headerSize else {
      throw FormatError("write batch shorter than its header", at: 0)
    }
    reader = ByteReader(bytes)
    sequence = try reader.fixed64()
    count = try reader.fixed32()
    guard sequence <= SequenceNumber.maximum, UInt64(count) <= SequenceNumber.maximum - sequence + 1 else {
      throw FormatError("sequence number out of range", at: 0)
    }
  }

  /// The number that the batch after this one starts with.
  public var nextSequence: SequenceNumber { sequence + UInt64(count) }

  /// Walks the whole batch and throws what is wrong with it.
  public static func check(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var reader = try WriteBatchReader(bytes)
    while try reader.next() != nil {}
  }

  /// The next operation; nil at the end.
  public mutating func next() throws(FormatError) -> WriteOperation? {
    let offset = reader.position
    guard !reader.isAtEnd else {
      guard found == count else { throw FormatError("write batch count differs from its contents", at: 8) }
      return nil
    }
    let tag = try reader.byte()
    guard let entry = WriteBatchFormat.entry(tag: tag) else { return try marker(tag, offset) }
    guard found < count else { throw FormatError("write batch count differs from its contents", at: 8) }
    let family = entry.hasFamily ? try reader.varint32() : 0
    let key = try reader.slice()
    let value = WriteBatchFormat.hasValue(entry.kind) ? try reader.slice() : WriteBatchReader.none
    defer { found += 1 }
    return WriteOperation(
      kind: .entry(entry.kind), family: family, key: key, value: value, sequence: sequence + UInt64(found),
      offset: offset)
  }

  private static var none: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

  private mutating func marker(_ tag: UInt8, _ offset: Int) throws(FormatError) -> WriteOperation {
    var key = WriteBatchReader.none
    let kind: WriteOperation.Kind
    switch tag {
    case WriteBatchFormat.logData: kind = .logData
    case WriteBatchFormat.noop: kind = .noop
    case WriteBatchFormat.beginPrepare: kind = .beginPrepare
    case WriteBatchFormat.beginPersistedPrepare: kind = .beginPersistedPrepare
    case WriteBatchFormat.beginUnprepare: kind = .beginUnprepare
    case WriteBatchFormat.endPrepare: kind = .endPrepare
    case WriteBatchFormat.commit: kind = .commit
    case WriteBatchFormat.rollback: kind = .rollback
    case WriteBatchFormat.commitWithTimestamp:
      kind = .commitWithTimestamp
      key = try reader.slice()
    default: throw FormatError("unknown write batch tag", at: offset)
    }
    let hasValue =
      switch kind {
      case .logData, .endPrepare, .commit, .rollback, .commitWithTimestamp: true
      default: false
      }
    let value = hasValue ? try reader.slice() : WriteBatchReader.none
    return WriteOperation(
      kind: kind, family: 0, key: key, value: value, sequence: sequence + UInt64(found), offset: offset)
  }
}
