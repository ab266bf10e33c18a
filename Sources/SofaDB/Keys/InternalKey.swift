/// A user key and an 8-byte little-endian trailer `sequence << 8 | kind`, as tables and MANIFEST bounds store it.
public struct InternalKey: Hashable, Sendable {
  /// At least 8 bytes.
  public let bytes: [UInt8]

  /// Throws when there is no room for the trailer.
  public init(bytes: [UInt8]) throws(FormatError) {
    guard bytes.count >= 8 else { throw FormatError("internal key shorter than 8 bytes") }
    self.bytes = bytes
  }

  /// Copies an internal key whose length was checked.
  init(borrowed bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count >= 8)
    self.bytes = [UInt8](bytes)
  }

  public init(userKey: [UInt8], sequence: SequenceNumber, kind: UInt8) {
    self.init(userKey: userKey, trailer: InternalKey.trailer(sequence, kind))
  }

  public init(userKey: [UInt8], sequence: SequenceNumber, kind: EntryKind) {
    self.init(userKey: userKey, sequence: sequence, kind: kind.rawValue)
  }

  public init(userKey: [UInt8], trailer: UInt64) {
    var bytes = userKey
    bytes.reserveCapacity(userKey.count + 8)
    withUnsafeBytes(of: trailer.littleEndian) { bytes.append(contentsOf: $0) }
    self.bytes = bytes
  }

  /// The exclusive upper bound that a range deletion ending at `userKey` gives a table.
  public init(rangeDeletionEnd userKey: [UInt8]) {
    self.init(userKey: userKey, sequence: .maximum, kind: EntryKind.rangeDeletion)
  }

  public var userKey: [UInt8] { Array(bytes.dropLast(8)) }
  public var trailer: UInt64 { bytes.withUnsafeBytes { $0.internalKeyTrailer } }
  public var sequence: SequenceNumber { trailer >> 8 }
  /// The raw kind; boundary and index keys carry kinds that entries may not.
  public var kind: UInt8 { UInt8(truncatingIfNeeded: trailer) }
  /// Whether it is the exclusive bound of a range deletion.
  public var isRangeDeletionEnd: Bool { trailer == InternalKey.trailer(.maximum, EntryKind.rangeDeletion.rawValue) }

  @inline(__always)
  public static func trailer(_ sequence: SequenceNumber, _ kind: UInt8) -> UInt64 { sequence << 8 | UInt64(kind) }
}

extension UnsafeRawBufferPointer {
  /// The trailer of an internal key. The caller has checked `count >= 8`.
  @inline(__always)
  public var internalKeyTrailer: UInt64 {
    UInt64(littleEndian: (baseAddress! + (count - 8)).loadUnaligned(as: UInt64.self))
  }

  /// The user key of an internal key. The caller has checked `count >= 8`.
  @inline(__always)
  public var internalKeyUserKey: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: baseAddress, count: count - 8)
  }
}
