internal import Glibc

/// The encodings of column functions: a field's text in, bytes out whose order is the order of the values.
///
///     u64be, u32be   unsigned, big-endian
///     i64be          big-endian with the sign bit flipped
///     f64be          IEEE 754 double, big-endian; positive numbers with the sign bit flipped, negative ones with all
///                    bits flipped; -0 is taken as 0, and there is no NaN
///     time           RFC 3339 to microseconds since 1970 in UTC, as i64be
///     uuid           16 bytes
///     text0          the text and a zero byte
///     hex, base64    the bytes that the digits stand for
enum ValueEncoding {
  static func append(
    _ text: UnsafeRawBufferPointer, as code: RowProgram.Code, to output: inout ByteWriter
  ) throws(FormatError) {
    switch code {
    case .hex:
      let isPrefixed = text.count >= 2 && text[0] == 0x30 && text[1] | 0x20 == 0x78
      try HexText.parse(text, from: isPrefixed ? 2 : 0, into: &output)
    case .base64: try Base64Text.parse(text, into: &output)
    case .u64be: output.appendFixed64(try DecimalText.parse(text).byteSwapped)
    case .u32be:
      guard let value = UInt32(exactly: try DecimalText.parse(text)) else {
        throw FormatError("the number does not fit 32 bits")
      }
      output.appendFixed32(value.byteSwapped)
    case .i64be: appendSigned(try DecimalText.parseSigned(text), to: &output)
    case .f64be: output.appendFixed64(ordered(try double(text)).byteSwapped)
    case .time: appendSigned(try Timestamp.microseconds(text), to: &output)
    case .uuid: try appendUUID(text, to: &output)
    case .text0:
      guard !text.contains(0) else { throw FormatError("a zero byte, which ends text0") }
      output.append(text)
      output.append(0)
    default: output.append(text)
    }
  }

  private static func appendSigned(_ value: Int64, to output: inout ByteWriter) {
    output.appendFixed64((UInt64(bitPattern: value) ^ 1 << 63).byteSwapped)
  }

  private static func ordered(_ value: Double) -> UInt64 {
    let bits = value == 0 ? 0 : value.bitPattern
    return bits >> 63 == 0 ? bits ^ 1 << 63 : ~bits
  }

  /// Decimal digits with sign, point and exponent as all languages write them, or `inf` and `-inf`.
  private static func double(_ text: UnsafeRawBufferPointer) throws(FormatError) -> Double {
    if text.elementsEqual("inf".utf8) { return .infinity }
    if text.elementsEqual("-inf".utf8) { return -.infinity }
    var hasDigit = false
    for byte in text {
      let isDigit = byte &- 0x30 < 10
      guard isDigit || byte == 0x2E || byte == 0x2D || byte == 0x2B || byte | 0x20 == 0x65 else {
        throw FormatError("not a decimal number")
      }
      hasDigit = hasDigit || isDigit
    }
    guard hasDigit, text.count < 1024 else { throw FormatError("not a decimal number") }
    // The C library wants a zero byte at the end.
    let (value, isWhole) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy in
      for (index, byte) in text.enumerated() { copy[index] = CChar(bitPattern: byte) }
      copy[text.count] = 0
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(copy.baseAddress!, &end)
      return (value, end == copy.baseAddress! + text.count)
    }
    guard isWhole else { throw FormatError("not a decimal number") }
    guard value.isFinite else { throw FormatError("the number is too large") }
    return value
  }

  /// 32 hex digits, with hyphens after 8, 12, 16 and 20 of them or with none.
  private static func appendUUID(
    _ text: UnsafeRawBufferPointer, to output: inout ByteWriter
  ) throws(FormatError) {
    let hasHyphens = text.count == 36
    guard hasHyphens || text.count == 32 else { throw FormatError("not a UUID") }
    var position = 0
    for byte in 0..<16 {
      if hasHyphens, byte == 4 || byte == 6 || byte == 8 || byte == 10 {
        guard text[position] == 0x2D else { throw FormatError("not a UUID", at: position) }
        position += 1
      }
      guard let high = HexText.value(text[position]), let low = HexText.value(text[position + 1]) else {
        throw FormatError("not a UUID", at: position)
      }
      output.append(high << 4 | low)
      position += 2
    }
  }
}
