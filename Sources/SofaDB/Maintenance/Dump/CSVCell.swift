/// One cell of RFC 4180 that no spreadsheet computes: always quoted, and with an apostrophe in front where the text
/// would start a formula (CWE-1236, OWASP ASVS 1.2.10).
public enum CSVCell {
  /// Appends `text` between quotes.
  public static func append(_ text: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    output.append(0x22)
    if startsFormula(text) { output.append(0x27) }
    for byte in text {
      if byte == 0x22 { output.append(byte) }
      output.append(byte)
    }
    output.append(0x22)
  }

  public static func append(_ text: [UInt8], to output: inout ByteWriter) {
    text.withUnsafeBytes { append($0, to: &output) }
  }

  /// `=`, `+`, `-`, `@`, tab, carriage return and zero byte, an apostrophe itself, and the full-width forms of the
  /// first four, which some spreadsheets treat alike.
  private static func startsFormula(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let first = text.first else { return false }
    switch first {
    case 0x3D, 0x2B, 0x2D, 0x40, 0x09, 0x0D, 0x00, 0x0A, 0x27: return true
    case 0xEF:
      guard text.count >= 3, text[1] == 0xBC else { return false }
      return [0x9D, 0x8B, 0x8D, 0xA0].contains(text[2])
    default: return false
    }
  }
}
