/// What a run of entries is, their order included: compared between what was written and what is read back. Finds
/// mistakes and bad memory, not forgers.
struct EntryDigest: Sendable, Equatable {
  private(set) var count: UInt64 = 0
  private var hash: UInt64 = 0

  @inline(__always)
  mutating func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    count &+= 1
    let keyHash = XXH3.hash128(key, seed: hash)
    let valueHash = XXH3.hash128(value, seed: keyHash.low)
    hash = valueHash.low ^ keyHash.high
  }
}
