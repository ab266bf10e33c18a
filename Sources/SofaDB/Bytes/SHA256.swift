internal import CSofaKernels

/// SHA-256 (FIPS 180-4) over pieces, for digests that must hold against people.
public struct SHA256: Sendable {
  private var state: sofa_sha256

  public init() {
    state = sofa_sha256()
    sofa_sha256_init(&state)
  }

  /// Takes the next piece.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sofa_sha256_update(&state, bytes.baseAddress, bytes.count)
  }

  /// The 32 bytes of the digest of everything taken so far; more may follow.
  public func digest() -> [UInt8] {
    var last = state
    return [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
      sofa_sha256_finish(&last, digest.baseAddress)
      count = 32
    }
  }

  /// The digest of one run of bytes.
  public static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.digest()
  }
}
