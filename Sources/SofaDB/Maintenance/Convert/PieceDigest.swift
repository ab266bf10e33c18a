/// A digest of pieces of bytes in their order, 128 bits. Equal sequences of pieces have equal digests whatever the
/// blocks and files that they came in.
///
///     buffer = for each piece: fixed64 length, then its bytes or its XXH3-128
///     state  = XXH3-128(high half of the state before, buffer; seed: its low half), at every 64 KiB and at the end
///
/// It finds accidents and is no protection against forgers. Not to be shared between threads.
struct PieceDigest: ~Copyable {
  struct Value: Hashable, Sendable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// 32 hexadecimal digits.
    var hex: String {
      String(HexText.number(high, digits: 16).dropFirst(2) + HexText.number(low, digits: 16).dropFirst(2))
    }

    /// Of one run of bytes.
    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer) -> Value {
      let hash = XXH3.hash128(bytes)
      return Value(low: hash.low, high: hash.high)
    }
  }

  private static let foldSize = 64 << 10

  private var state = Value()
  private var buffer = ByteWriter(capacity: PieceDigest.foldSize + 1024)
  /// Pieces added.
  private(set) var count: UInt64 = 0
  /// The sum of their lengths, in bytes.
  private(set) var bytes: UInt64 = 0

  init() { buffer.appendFixed64(0) }

  mutating func add(_ piece: UnsafeRawBufferPointer) {
    begin(piece.count)
    buffer.append(piece)
    if buffer.count >= PieceDigest.foldSize { fold() }
  }

  /// A piece of `length` bytes that was hashed elsewhere.
  mutating func add(_ hash: Value, length: Int) {
    begin(length)
    buffer.appendFixed64(hash.low)
    buffer.appendFixed64(hash.high)
    if buffer.count >= PieceDigest.foldSize { fold() }
  }

  private mutating func begin(_ length: Int) {
    count += 1
    bytes &+= UInt64(length)
    buffer.appendFixed64(UInt64(length))
  }

  private mutating func fold() {
    let hash = XXH3.hash128(buffer.bytes, seed: state.low)
    state = Value(low: hash.low, high: hash.high)
    buffer.removeAll()
    buffer.appendFixed64(state.high)
  }

  /// The digest of everything so far; nothing may be added afterwards.
  mutating func finish() -> Value {
    fold()
    return state
  }
}
