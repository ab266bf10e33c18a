/// Numbers of the log format, which WAL and MANIFEST share.
///
/// A log is a run of 32 KiB blocks; a block holds physical records and, where no header fits, zeros:
///
///     masked crc32c (4)  length (2)  type (1)  [log number (4), recyclable types only]  payload
///
/// The checksum covers everything from the type to the end of the payload. A logical record is one Full fragment or
/// First, Middle..., Last.
enum LogFormat {
  static let blockSize = 32768
  static let headerSize = 7
  static let recyclableHeaderSize = 11

  static let zero: UInt8 = 0
  static let full: UInt8 = 1
  static let first: UInt8 = 2
  static let middle: UInt8 = 3
  static let last: UInt8 = 4
  /// What is added to the four types above in a file that may be reused.
  static let recyclableOffset: UInt8 = 4
  static let setCompression: UInt8 = 9
  static let timestampSizes: UInt8 = 10
  static let recyclableTimestampSizes: UInt8 = 11
  static let predecessor: UInt8 = 130
  static let recyclablePredecessor: UInt8 = 131
  /// Unknown types with this bit are passed over.
  static let ignorableBit: UInt8 = 0x80

  static func isRecyclable(_ type: UInt8) -> Bool {
    (5...8).contains(type) || type == recyclableTimestampSizes || type == recyclablePredecessor
  }

  static let zstd: UInt32 = 7
}
