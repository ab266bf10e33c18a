/// One field of RFC 4180, quoted only where it has to be.
enum CSVField {
  @inline(__always)
  static func append(_ text: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    guard needsQuotes(text) else { return output.append(text) }
    output.append(0x22)
    for byte in text {
      if byte == 0x22 { output.append(byte) }
      output.append(byte)
    }
    output.append(0x22)
  }

  private static func needsQuotes(_ text: UnsafeRawBufferPointer) -> Bool {
    text.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
  }
}
