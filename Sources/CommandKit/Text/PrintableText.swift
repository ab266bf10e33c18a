/// Text that is safe to show on a terminal: control characters, which could move the cursor or forge lines, become
/// `\xNN` of their UTF-8 bytes. For messages only; the escaping of keys and values belongs to the tool.
public enum PrintableText {
  public static func escape(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { result += "\\x" + hex(byte) }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Escaped, between single quotes; what is longer than 200 characters is cut in the middle.
  public static func quote(_ text: String) -> String {
    let escaped = escape(text)
    if escaped.utf8.count > 200, escaped.count > 200 {
      return "'\(escaped.prefix(120))...\(escaped.suffix(60))'"
    }
    return "'\(escaped)'"
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: true
    // Line separators and the marks that reorder text.
    case 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count == 1 ? "0" + digits : digits
  }
}
