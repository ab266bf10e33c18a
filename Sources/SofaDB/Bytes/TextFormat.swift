/// How keys and values are printed, and read back: every format gives all bytes back exactly.
///
///     escaped   printable UTF-8 as it is, everything else as \xNN, a backslash as two; one line, no tab
///     hex       two lower-case digits a byte
///     base64    RFC 4648 with padding
///     u64be, u32be, i64be, u64le
///               a decimal number where the length is 8, 4, 8, 8 bytes; i64be has its sign bit flipped, so that byte
///               order is number order. Any other length is printed as 0x and hex digits.
///
/// Printing appends to a `ByteWriter`; parsing reports the position of the first wrong byte.
public enum TextFormat: String, CaseIterable, Sendable {
  case escaped, hex, base64, u64be, u32be, i64be, u64le

  public init?(name: String) { self.init(rawValue: name) }

  /// Appends `bytes` as text.
  @inline(__always)
  public func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    switch self {
    case .escaped: EscapedText.append(bytes, to: &output)
    case .hex: HexText.append(bytes, to: &output)
    default: appendOther(bytes, to: &output)
    }
  }

  @inline(never)
  private func appendOther(_ bytes: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    switch self {
    case .escaped: EscapedText.append(bytes, to: &output)
    case .hex: HexText.append(bytes, to: &output)
    case .base64: Base64Text.append(bytes, to: &output)
    case .u64be where bytes.count == 8:
      DecimalText.append(UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)), to: &output)
    case .u32be where bytes.count == 4:
      DecimalText.append(UInt64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))), to: &output)
    case .i64be where bytes.count == 8:
      let flipped = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) ^ 1 << 63
      DecimalText.append(Int64(bitPattern: flipped), to: &output)
    case .u64le where bytes.count == 8:
      DecimalText.append(UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)), to: &output)
    case .u64be, .u32be, .i64be, .u64le:
      output.append(0x30)
      output.append(0x78)
      HexText.append(bytes, to: &output)
    }
  }

  /// Appends the bytes that `text` stands for; what was appended before an error stays in `output`.
  public func parse(_ text: UnsafeRawBufferPointer, into output: inout ByteWriter) throws(FormatError) {
    let isHex = text.count >= 2 && text[0] == 0x30 && text[1] | 0x20 == 0x78
    switch self {
    case .escaped: try EscapedText.parse(text, into: &output)
    case .hex: try HexText.parse(text, from: isHex ? 2 : 0, into: &output)
    case .base64: try Base64Text.parse(text, into: &output)
    case .u64be, .u32be, .i64be, .u64le:
      if isHex { return try HexText.parse(text, from: 2, into: &output) }
      try parseNumber(text, into: &output)
    }
  }

  private func parseNumber(
    _ text: UnsafeRawBufferPointer, into output: inout ByteWriter
  ) throws(FormatError) {
    switch self {
    case .u32be:
      guard let value = UInt32(exactly: try DecimalText.parse(text)) else {
        throw FormatError("the number does not fit 32 bits", at: 0)
      }
      output.appendFixed32(value.byteSwapped)
    case .i64be:
      let value = UInt64(bitPattern: try DecimalText.parseSigned(text)) ^ 1 << 63
      output.appendFixed64(value.byteSwapped)
    case .u64le: output.appendFixed64(try DecimalText.parse(text))
    default: output.appendFixed64(try DecimalText.parse(text).byteSwapped)
    }
  }

  /// `bytes` as a `String`, for messages.
  public func text(_ bytes: UnsafeRawBufferPointer) -> String {
    var output = ByteWriter(capacity: bytes.count * 2 + 16)
    append(bytes, to: &output)
    return String(decoding: output.bytes, as: UTF8.self)
  }

  public func text(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { text($0) } }
}
