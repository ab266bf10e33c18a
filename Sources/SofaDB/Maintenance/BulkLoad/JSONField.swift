/// Values of `json(...)`: UTF-8 as it is, escapes only where RFC 8259 demands them.
enum JSONField {
  /// A field of delimited text becomes a string; a member of an object stays what it is.
  static func append(
    _ field: FieldText, column: Int, to output: inout ByteWriter, scratch: inout ByteWriter
  ) throws(RowFault) {
    switch field.form {
    case .plain:
      try appendText(field.bytes, column: column, to: &output)
    case .quoted:
      scratch.removeAll()
      try field.appendText(to: &scratch, column: column)
      try appendText(scratch.bytes, column: column, to: &output)
    case .jsonString:
      let quoted = UnsafeRawBufferPointer(start: field.start - 1, count: field.count + 2)
      try appendVerbatim(quoted, column: column, to: &output)
    case .jsonNested: try appendVerbatim(field.bytes, column: column, to: &output)
    case .jsonNumber, .jsonBoolean, .jsonNull: output.append(field.bytes)
    case .missing: break
    }
  }

  private static func appendText(
    _ text: UnsafeRawBufferPointer, column: Int, to output: inout ByteWriter
  ) throws(RowFault) {
    guard isUTF8(text) else { throw RowFault("not UTF-8, which json(...) needs", column: column) }
    appendString(text, to: &output)
  }

  /// JSON of the input, once its strings are known to be UTF-8.
  static func appendVerbatim(
    _ text: UnsafeRawBufferPointer, column: Int?, to output: inout ByteWriter
  ) throws(RowFault) {
    guard isUTF8(text) else { throw RowFault("not UTF-8, which json(...) needs", column: column) }
    output.append(text)
  }

  static func appendString(_ utf8: [UInt8], to output: inout ByteWriter) {
    utf8.withUnsafeBytes { appendString($0, to: &output) }
  }

  /// UTF-8 between quotes.
  static func appendString(_ utf8: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    output.append(0x22)
    var start = 0
    for (position, byte) in utf8.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
      output.append(UnsafeRawBufferPointer(rebasing: utf8[start..<position]))
      appendEscape(byte, to: &output)
      start = position + 1
    }
    output.append(UnsafeRawBufferPointer(rebasing: utf8[start...]))
    output.append(0x22)
  }

  private static func appendEscape(_ byte: UInt8, to output: inout ByteWriter) {
    output.append(0x5C)
    switch byte {
    case 0x22, 0x5C: output.append(byte)
    case 0x08: output.append(0x62)
    case 0x09: output.append(0x74)
    case 0x0A: output.append(0x6E)
    case 0x0C: output.append(0x66)
    case 0x0D: output.append(0x72)
    default:
      output.append(utf8: "u00")
      output.append(HexText.digit(byte >> 4))
      output.append(HexText.digit(byte & 15))
    }
  }

  /// Well-formed UTF-8: shortest forms, no surrogates.
  static func isUTF8(_ text: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position < text.count {
      if position + 8 <= text.count,
        text.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        position += 8
        continue
      }
      guard let (_, length) = PrintableScalar.scalar(text, at: position) else { return false }
      position += length
    }
    return true
  }
}
