/// How many bytes two places have in common, compared eight at a time.
enum CommonPrefix {
  /// How many leading bytes are the same.
  @inline(__always)
  static func count(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let limit = min(a.count, b.count)
    return limit > 0 ? count(a.baseAddress!, b.baseAddress!, limit: limit) : 0
  }

  /// At most `limit`, which is how far both may be read.
  @inline(__always)
  static func count(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, limit: Int) -> Int {
    var count = 0
    while count + 8 <= limit {
      let difference =
        a.loadUnaligned(fromByteOffset: count, as: UInt64.self)
        ^ b.loadUnaligned(fromByteOffset: count, as: UInt64.self)
      if difference != 0 { return count + UInt64(littleEndian: difference).trailingZeroBitCount / 8 }
      count += 8
    }
    while count < limit, a.load(fromByteOffset: count, as: UInt8.self) == b.load(fromByteOffset: count, as: UInt8.self)
    {
      count += 1
    }
    return count
  }
}
