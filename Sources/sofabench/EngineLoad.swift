import SofaDB

/// Keys and values as `db_bench` makes them: a key is a number, big-endian in eight bytes, filled up with zeros (as
/// text); values are pieces of a text of which half can be compressed away.
struct EngineLoad {
  /// The current key.
  private(set) var key: [UInt8]
  private let text: ByteBuffer
  private let valueSize: Int
  private var position = 0
  private var state: UInt64

  /// Different for each `thread` and `seed`, the same for the same ones.
  init(text: ByteBuffer, keySize: Int, valueSize: Int, seed: UInt64, thread: Int) {
    self.text = text
    self.valueSize = valueSize
    key = [UInt8](repeating: UInt8(ascii: "0"), count: keySize)
    state = (seed &+ UInt64(thread) &+ 1) &* 0x9E37_79B9_7F4A_7C15
  }

  /// The text that values are cut from.
  static func text(valueSize: Int) -> ByteBuffer {
    var bytes: [UInt8] = []
    var random: UInt64 = 301
    while bytes.count < max(1 << 20, valueSize * 2) {
      let half = (0..<50).map { _ in UInt8(32 + (step(&random) >> 33) % 95) }
      bytes += half + half
    }
    return ByteBuffer(bytes)
  }

  private static func step(_ state: inout UInt64) -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func random(below limit: UInt64) -> UInt64 {
    EngineLoad.step(&state).multipliedFullWidth(by: limit).high
  }

  mutating func setKey(_ number: UInt64) {
    key.withUnsafeMutableBytes { $0.storeBytes(of: number.bigEndian, as: UInt64.self) }
  }

  /// Makes the key one that no benchmark writes, between those that it does.
  mutating func setMissingKey(_ number: UInt64) {
    setKey(number)
    key[key.count - 1] = UInt8(ascii: ".")
  }

  mutating func putNextValue(into batch: inout WriteBatch) throws(DatabaseError) {
    position = position + valueSize <= text.count ? position : 0
    let value = UnsafeRawBufferPointer(rebasing: text.bytes[position..<(position + valueSize)])
    position += valueSize
    try key.withUnsafeBufferPointer { (key) throws(DatabaseError) in
      try batch.add(.value, UnsafeRawBufferPointer(key), value)
    }
    withExtendedLifetime(text) {}
  }
}
