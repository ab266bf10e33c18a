internal import CSofaKernels

/// The hashes of keys that filters and the hash index of data blocks are built from.
public enum FilterHash {
  /// The seed that every Bloom filter on disk uses with `hash32`.
  public static let bloomSeed: UInt32 = 0xBC9F_1D34
  /// The seed of the hash index in data blocks.
  public static let dataBlockIndexSeed: UInt32 = 397

  /// XXPH3, the preview of XXH3 (xxHash 0.7.2) as RocksDB froze it: FastLocalBloom and Ribbon filters.
  @inline(__always)
  public static func xxph3(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    sofa_xxph3(bytes.baseAddress, bytes.count)
  }

  /// LevelDB's murmur-like hash. RocksDB's variant extends the sign of the last 1...3 bytes: `signedTail` true for
  /// RocksDB files, false for LevelDB files.
  @inline(__always)
  public static func hash32(_ bytes: UnsafeRawBufferPointer, seed: UInt32, signedTail: Bool) -> UInt32 {
    sofa_hash32(bytes.baseAddress, bytes.count, seed, signedTail && !Mutant.highBytesUnsigned.isOn)
  }
}
