/// Bytes as lower-case hexadecimal digits.
public enum HexText {
  /// Appends two digits a byte. Four bytes become eight digits in one word: nibbles are spread to bytes, then moved to
  /// '0'...'9' or 'a'...'f' by arithmetic that has no carry between bytes.
  @inline(__always)
  public static func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    let count = bytes.count
    guard count > 0, let source = bytes.baseAddress else { return }
    let target = output.reserve(count * 2)
    var position = 0
    while position + 8 <= count {
      let word = UInt64(littleEndian: (source + position).loadUnaligned(as: UInt64.self))
      store(word & 0xFFFF_FFFF, at: target + position * 2)
      store(word >> 32, at: target + position * 2 + 8)
      position += 8
    }
    if position + 4 <= count {
      let word = UInt32(littleEndian: (source + position).loadUnaligned(as: UInt32.self))
      store(UInt64(word), at: target + position * 2)
      position += 4
    }
    while position < count {
      let byte = source.load(fromByteOffset: position, as: UInt8.self)
      target.storeBytes(of: digit(byte >> 4), toByteOffset: position * 2, as: UInt8.self)
      target.storeBytes(of: digit(byte & 15), toByteOffset: position * 2 + 1, as: UInt8.self)
      position += 1
    }
    output.commit(count * 2)
  }

  @inline(__always)
  private static func store(_ fourBytes: UInt64, at target: UnsafeMutableRawPointer) {
    var word = (fourBytes | fourBytes << 16) & 0x0000_FFFF_0000_FFFF
    word = (word | word << 8) & 0x00FF_00FF_00FF_00FF
    word = (word >> 4 | word << 8) & 0x0F0F_0F0F_0F0F_0F0F
    let letters = ((word &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    word = word &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    target.storeBytes(of: word.littleEndian, as: UInt64.self)
  }

  /// The digit for 0...15.
  @inline(__always)
  static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble }

  /// The value of a digit of either case; nil for anything else.
  @inline(__always)
  static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit &- 0x30
    case 0x41...0x46: digit &- 0x37
    case 0x61...0x66: digit &- 0x57
    default: nil
    }
  }

  /// Appends the bytes that the digits from `start` on stand for.
  public static func parse(
    _ text: UnsafeRawBufferPointer, from start: Int = 0, into output: inout ByteWriter
  ) throws(FormatError) {
    var position = start
    while position < text.count {
      guard let high = value(text[position]) else { throw FormatError("not a hex digit", at: position) }
      guard position + 1 < text.count else { throw FormatError("an odd number of hex digits", at: position) }
      guard let low = value(text[position + 1]) else { throw FormatError("not a hex digit", at: position + 1) }
      output.append(high << 4 | low)
      position += 2
    }
  }

  /// `value` as 0x and `digits` hex digits, as checksums are shown.
  public static func number(_ value: UInt64, digits: Int = 8) -> String {
    let text = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
