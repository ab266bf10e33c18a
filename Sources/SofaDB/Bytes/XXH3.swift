internal import CSofaKernels

/// XXH3 as of xxHash 0.8, for digests of content. Fast, and not for adversaries.
public enum XXH3 {
  /// 64 bits, seed 0.
  @inline(__always)
  public static func hash64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    sofa_xxh3_64(bytes.baseAddress, bytes.count)
  }

  /// 128 bits. Chain pieces by passing a half of the last hash as `seed`.
  @inline(__always)
  public static func hash128(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> (low: UInt64, high: UInt64) {
    let hash = sofa_xxh3_128(bytes.baseAddress, bytes.count, seed)
    return (hash.low, hash.high)
  }
}
