/// HMAC-SHA-256 (RFC 2104, FIPS 198-1): a digest that only who has the key can make.
public struct HMACSHA256: Sendable {
  private static let blockSize = 64

  private var inner = SHA256()
  private let outerPad: [UInt8]

  /// Any key; one longer than 64 bytes is hashed first.
  public init(key: [UInt8]) {
    let short = key.count > HMACSHA256.blockSize ? key.withUnsafeBytes { SHA256.digest($0) } : key
    let padded = short + [UInt8](repeating: 0, count: HMACSHA256.blockSize - short.count)
    outerPad = padded.map { $0 ^ 0x5C }
    padded.map { $0 ^ 0x36 }.withUnsafeBytes { inner.update($0) }
  }

  /// Takes the next piece.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) { inner.update(bytes) }

  /// The 32 bytes for everything taken so far.
  public func digest() -> [UInt8] {
    var outer = SHA256()
    outerPad.withUnsafeBytes { outer.update($0) }
    inner.digest().withUnsafeBytes { outer.update($0) }
    return outer.digest()
  }

  /// The code of one run of bytes.
  public static func digest(_ bytes: UnsafeRawBufferPointer, key: [UInt8]) -> [UInt8] {
    var code = HMACSHA256(key: key)
    code.update(bytes)
    return code.digest()
  }
}
