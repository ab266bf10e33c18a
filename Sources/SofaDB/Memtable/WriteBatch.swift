/// Changes that are applied together or not at all, already in the form that the log stores.
///
/// Keys and values are copied in. For one thread at a time; `removeAll` keeps the memory for the next batch.
public struct WriteBatch: ~Copyable {
  /// Entries, which take a sequence number each.
  public private(set) var count: UInt32 = 0
  /// Whether an operation is of another column family than `default`.
  private(set) var namesFamilies = false
  private var writer: ByteWriter

  /// Bytes that a key may have.
  public static let largestKey = Int(UInt32.max) - 8
  /// Entries that a batch may have.
  public static let largestCount: UInt32 = 1 << 30
  /// Bytes that a batch may have, but for its last entry.
  public static let largestSize = 4 << 30
  /// Bytes that a value may have.
  public static let largestValue = Int(UInt32.max)

  /// `capacity`: bytes that it will hold, about; it grows as needed.
  public init(capacity: Int = 256) {
    writer = ByteWriter(capacity: max(capacity, WriteBatchFormat.headerSize))
    writer.appendZeros(WriteBatchFormat.headerSize)
  }

  /// Whether it has no entries; notes do not count.
  public var isEmpty: Bool { count == 0 }

  /// The record for the log: header and operations. Borrowed until the next change.
  public var bytes: UnsafeRawBufferPointer { writer.bytes }

  /// Likewise; whoever logs it sets the sequence number.
  var mutableBytes: UnsafeMutableRawBufferPointer { mutating get { writer.mutableBytes } }

  /// Makes it empty, and keeps the memory.
  public mutating func removeAll() {
    writer.truncate(to: WriteBatchFormat.headerSize)
    setCount(0)
    setSequence(0)
    namesFamilies = false
  }

  /// Numbers the entries from `sequence` on: done once, just before the batch is logged.
  public mutating func setSequence(_ sequence: SequenceNumber) {
    precondition(sequence <= SequenceNumber.maximum)
    writer.mutableBytes.storeBytes(of: sequence.littleEndian, toByteOffset: 0, as: UInt64.self)
  }

  /// Appends the entry `kind`, of column family `family`. `value` is ignored for deletions, and the exclusive end for a
  /// range deletion. Throws `invalid` when a length or the count leaves the format's range.
  public mutating func add(
    _ kind: EntryKind, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, family: UInt32 = 0
  ) throws(DatabaseError) {
    guard key.count <= WriteBatch.largestKey, value.count <= WriteBatch.largestValue,
      count < WriteBatch.largestCount, writer.count <= WriteBatch.largestSize
    else {
      throw DatabaseError(.invalid, "key, value or batch too large")
    }
    writer.append(WriteBatchFormat.tag(kind, hasFamily: family != 0))
    if family != 0 {
      writer.appendVarint(family)
      namesFamilies = true
    }
    writer.appendSlice(key)
    if WriteBatchFormat.hasValue(kind) { writer.appendSlice(value) }
    setCount(count + 1)
  }

  /// Likewise, from arrays.
  public mutating func add(
    _ kind: EntryKind, _ key: [UInt8], _ value: [UInt8] = [], family: UInt32 = 0
  ) throws(DatabaseError) {
    try key.withUnsafeBufferPointer { (key) throws(DatabaseError) in
      try value.withUnsafeBufferPointer { (value) throws(DatabaseError) in
        try add(kind, UnsafeRawBufferPointer(key), UnsafeRawBufferPointer(value), family: family)
      }
    }
  }

  /// Makes `value` the value of `key`. `family`: `LiveFamily.id`. Throws `invalid` when a length or the count leaves
  /// the format's range.
  public mutating func put(_ key: [UInt8], _ value: [UInt8], family: UInt32 = 0) throws(DatabaseError) {
    try add(.value, key, value, family: family)
  }

  /// Removes `key`, whether or not it is there. Errors as `put`.
  public mutating func delete(_ key: [UInt8], family: UInt32 = 0) throws(DatabaseError) {
    try add(.deletion, key, family: family)
  }

  /// Removes a key that was put once since it was last removed; for other keys the result is undefined. Errors as
  /// `put`.
  public mutating func singleDelete(_ key: [UInt8], family: UInt32 = 0) throws(DatabaseError) {
    try add(.singleDeletion, key, family: family)
  }

  /// Hands `operand` to the merge operator of the family. Errors as `put`.
  public mutating func merge(_ key: [UInt8], _ operand: [UInt8], family: UInt32 = 0) throws(DatabaseError) {
    try add(.merge, key, operand, family: family)
  }

  /// Removes all keys from `begin` up to but not including `end`, which must not come before it. Errors as `put`.
  public mutating func deleteRange(_ begin: [UInt8], _ end: [UInt8], family: UInt32 = 0) throws(DatabaseError) {
    try add(.rangeDeletion, begin, end, family: family)
  }

  /// A note that the log keeps and no reader applies.
  public mutating func note(_ bytes: [UInt8]) throws(DatabaseError) {
    guard bytes.count <= WriteBatch.largestValue else { throw DatabaseError(.invalid, "note too large") }
    writer.append(WriteBatchFormat.logData)
    writer.appendSlice(bytes)
  }

  /// Everything of another batch behind what is here.
  public mutating func append(_ other: borrowing WriteBatch) throws(DatabaseError) {
    let sum = count + other.count
    guard sum <= WriteBatch.largestCount, writer.count + other.bytes.count <= WriteBatch.largestSize else {
      throw DatabaseError(.invalid, "batch too large")
    }
    writer.append(UnsafeRawBufferPointer(rebasing: other.bytes[WriteBatchFormat.headerSize...]))
    setCount(sum)
    namesFamilies = namesFamilies || other.namesFamilies
  }

  private mutating func setCount(_ value: UInt32) {
    count = value
    writer.mutableBytes.storeBytes(of: value.littleEndian, toByteOffset: 8, as: UInt32.self)
  }
}
