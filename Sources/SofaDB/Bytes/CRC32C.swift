internal import CSofaKernels

/// CRC-32C, the checksum of log records, of LevelDB blocks and of RocksDB blocks of type 1. Stored values are masked,
/// so that the checksum of bytes that hold a checksum stays strong. Source: LevelDB's `util/crc32c.h`.
public enum CRC32C {
  /// The checksum of `bytes`, or of what gave `continuing` followed by `bytes`.
  @inline(__always)
  public static func checksum(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
    sofa_crc32c(crc, bytes.baseAddress, bytes.count)
  }

  /// The checksum of what gave `continuing` followed by one byte.
  @inline(__always)
  public static func checksum(_ byte: UInt8, continuing crc: UInt32) -> UInt32 {
    withUnsafeBytes(of: byte) { checksum($0, continuing: crc) }
  }

  /// The form in which `crc` is stored.
  @inline(__always)
  public static func mask(_ crc: UInt32) -> UInt32 { ((crc >> 15) | (crc << 17)) &+ 0xA282_EAD8 }

  /// The checksum that is stored as `masked`.
  @inline(__always)
  public static func unmask(_ masked: UInt32) -> UInt32 {
    let rotated = masked &- 0xA282_EAD8
    return (rotated << 15) | (rotated >> 17)
  }
}
