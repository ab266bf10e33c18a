/// Bytes as base64 of RFC 4648, section 4: padded, no line breaks. Parsing accepts the URL alphabet and missing padding
/// as well, and refuses stray bits, so that every accepted text stands for one byte string.
public enum Base64Text {
  private static let digits = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The digit values of bytes; 0xFF for bytes that are no digit.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    values[0x2D] = 62
    values[0x5F] = 63
    return values
  }()

  public static func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    let groups = (bytes.count + 2) / 3
    let target = output.reserve(groups * 4)
    digits.withUnsafeBufferPointer { digits in
      for group in 0..<groups {
        let start = group * 3
        let length = min(3, bytes.count - start)
        var word = UInt32(bytes[start]) << 16
        if length > 1 { word |= UInt32(bytes[start + 1]) << 8 }
        if length > 2 { word |= UInt32(bytes[start + 2]) }
        let place = target + group * 4
        place.storeBytes(of: digits[Int(word >> 18)], as: UInt8.self)
        place.storeBytes(of: digits[Int(word >> 12 & 63)], toByteOffset: 1, as: UInt8.self)
        place.storeBytes(of: length > 1 ? digits[Int(word >> 6 & 63)] : 0x3D, toByteOffset: 2, as: UInt8.self)
        place.storeBytes(of: length > 2 ? digits[Int(word & 63)] : 0x3D, toByteOffset: 3, as: UInt8.self)
      }
    }
    output.commit(groups * 4)
  }

  /// Appends the bytes that the digits from `start` on stand for.
  public static func parse(
    _ text: UnsafeRawBufferPointer, from start: Int = 0, into output: inout ByteWriter
  ) throws(FormatError) {
    var end = text.count
    while end > start, text.count - end < 2, text[end - 1] == 0x3D { end -= 1 }
    let isPadded = end < text.count
    var word: UInt32 = 0
    var bits = 0
    for position in start..<end {
      let value = values[Int(text[position])]
      guard value != 0xFF else { throw FormatError("not a base64 digit", at: position) }
      word = word << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        output.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
      word &= 0xFFFF
    }
    guard bits < 6 else { throw FormatError("base64 ends inside a byte", at: end - 1) }
    guard word & (1 << UInt32(bits) - 1) == 0 else { throw FormatError("base64 with stray bits", at: end - 1) }
    guard !isPadded || (text.count - start) % 4 == 0 else { throw FormatError("wrong base64 padding", at: end) }
  }
}
