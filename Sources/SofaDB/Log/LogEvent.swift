/// Anything in a log that is not a record: damage, padding, or the tail of a recycled file.
public struct LogEvent: Sendable, Equatable {
  public enum Cause: Sendable, Equatable {
    /// The file ends inside a header.
    case truncatedHeader
    /// The file ends between the fragments of a record.
    case truncatedRecord
    /// A length that reaches beyond its block.
    case badLength
    case checksumMismatch(stored: UInt32, computed: UInt32)
    /// A record of the log that this file was before it was reused; whether its own checksum holds.
    case oldRecord(intact: Bool)
    /// Zero bytes where a record could be, up to the next record or the end of the file.
    case zeroPadding
    /// A header of zeros before other bytes; the block's rest is dropped.
    case zeroHeader
    /// Bytes other than zero where a block is padded.
    case trailerNotZero
    /// A recyclable record after a plain one.
    case mixedTypes
    /// A middle or last fragment without a first one.
    case missingStart
    /// A first fragment whose last never comes.
    case missingEnd
    case unknownType(UInt8)
    /// An unknown type that readers are told to pass over.
    case ignoredType(UInt8)
    /// A compression, timestamp-size or predecessor record that cannot be decoded or stands where it may not.
    case badSpecialRecord(UInt8)
    case unsupportedCompression(UInt32)
    /// Checksums hold, and the compressed record does not decode.
    case undecodableFrame
    /// The record is larger than the reader may keep in memory; its checksums were verified.
    case recordTooLarge
  }

  public var cause: Cause
  /// Where the bytes in question start, from the start of the file.
  public var offset: UInt64
  /// Bytes that are dropped for it.
  public var length: UInt64
  /// Whether the recovery mode counts it as corruption.
  public var isReported: Bool
  /// Whether a replay must not go on from here as if nothing had happened: at reported damage, and in point-in-time
  /// recovery where the old records of a recycled log begin. Later logs then count only if they continue the sequence.
  public var stopsReplay: Bool
  /// Whether reading ends here.
  public var endsLog: Bool
  /// Where the half-assembled record starts that is lost with it.
  public var lostRecord: UInt64?
  /// Whether a record with a right checksum is in the dropped bytes, or would be but for one bit: then the end of the
  /// log is damage, no torn write.
  public var hidesRecord: Bool
  /// In a recycled log, whether the dropped bytes begin like a record of this log and not of an earlier one.
  public var beginsRecord = false

  public init(
    _ cause: Cause, offset: UInt64, length: UInt64, isReported: Bool, endsLog: Bool = false,
    lostRecord: UInt64? = nil, hidesRecord: Bool = false
  ) {
    self.cause = cause
    self.offset = offset
    self.length = length
    self.isReported = isReported
    stopsReplay = isReported
    self.endsLog = endsLog
    self.lostRecord = lostRecord
    self.hidesRecord = hidesRecord
  }

  /// In words that fit after "FILE at OFFSET: ".
  public var reason: String {
    let what =
      switch cause {
      case .truncatedHeader: "the file ends inside a record header"
      case .truncatedRecord: "the file ends inside a fragmented record"
      case .badLength: "record length beyond its block"
      case .checksumMismatch(let stored, let computed): "checksum mismatch: stored \(stored), computed \(computed)"
      case .oldRecord: "record of an earlier log in a recycled file"
      case .zeroPadding: "zero bytes instead of records"
      case .zeroHeader: "zero record header before other bytes"
      case .trailerNotZero: "block padding is not zero"
      case .mixedTypes: "recyclable record in a log of plain records"
      case .missingStart: "fragment without the start of its record"
      case .missingEnd: "fragmented record without end"
      case .unknownType(let type): "unknown record type \(type)"
      case .ignoredType(let type): "record type \(type) is passed over"
      case .badSpecialRecord(let type): "malformed or misplaced record of type \(type)"
      case .unsupportedCompression(let type): "unsupported log compression \(type)"
      case .undecodableFrame: "compressed record does not decode"
      case .recordTooLarge: "record of \(length) bytes exceeds the memory limit"
      }
    return lostRecord.map { "\(what); the record that starts at offset \($0) is lost" } ?? what
  }
}
