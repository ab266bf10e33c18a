/// What a run of entries is, their order included: compared between what was written and what is read back. Finds
/// mistakes and bad memory, not forgers.
struct EntryDigest: Sendable, Equatable {
  private(set) var count: UInt64 = 0
  private var hash: UInt64 = 0

  @inline(__always)
  private static func step(_ hash: UInt64) -> UInt64 {
    let product = hash &* 0x9E37_79B9_7F4A_7C15
    return product ^ product >> 32
  }

  @inline(__always)
  mutating func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    count &+= 1
    // Two hashes that wait for nothing, chained by steps that can each be undone: a difference stays a difference.
    hash = EntryDigest.step(hash ^ XXH3.hash64(key))
    hash = EntryDigest.step(hash ^ XXH3.hash64(value))
  }
}
