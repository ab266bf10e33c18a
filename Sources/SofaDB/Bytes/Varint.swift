/// LEB128 integers as LevelDB and RocksDB write them: seven bits a byte, least significant first.
public enum Varint {
  /// Bytes that `value` takes, 1...10.
  @inline(__always)
  public static func length(_ value: UInt64) -> Int {
    (64 - (value | 1).leadingZeroBitCount + 6) / 7
  }

  /// Maps signed to unsigned so that small magnitudes stay short.
  @inline(__always)
  public static func zigzag(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value << 1) ^ (value >> 63))
  }

  @inline(__always)
  public static func unzigzag(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}
