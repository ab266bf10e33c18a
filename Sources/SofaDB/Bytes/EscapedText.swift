/// Bytes as text for people: printable UTF-8 as it is, a backslash doubled, every other byte as \xNN. The result is
/// valid UTF-8 on one line, without tabs, and never steers a terminal, whatever the bytes are.
public enum EscapedText {
  public static func append(_ bytes: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    let count = bytes.count
    guard count > 0, let source = bytes.baseAddress else { return }
    // Four bytes for each is the worst case; eight more let words be stored whole.
    let start = output.reserve(count * 4 + 8)
    var target = start
    var position = 0
    while position < count {
      while position + 8 <= count {
        let word = (source + position).loadUnaligned(as: UInt64.self)
        guard PrintableScalar.isPlain(word) else { break }
        target.storeBytes(of: word, as: UInt64.self)
        target += 8
        position += 8
      }
      if position < count { step(bytes, &position, &target) }
    }
    output.commit(target - start)
  }

  /// Writes what stands at `position`, one byte or one multi-byte character, and moves on.
  @inline(__always)
  private static func step(
    _ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ target: inout UnsafeMutableRawPointer
  ) {
    let byte = bytes[position]
    if byte &- 0x20 < 0x5F {
      target.storeBytes(of: byte, as: UInt8.self)
      target += 1
      position += 1
      guard byte == 0x5C else { return }
      target.storeBytes(of: byte, as: UInt8.self)
      target += 1
    } else {
      rareStep(bytes, &position, &target)
    }
  }

  @inline(never)
  private static func rareStep(
    _ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ target: inout UnsafeMutableRawPointer
  ) {
    if bytes[position] >= 0x80, let (value, length) = PrintableScalar.scalar(bytes, at: position),
      PrintableScalar.isPrintable(value)
    {
      for _ in 0..<length {
        target.storeBytes(of: bytes[position], as: UInt8.self)
        target += 1
        position += 1
      }
      return
    }
    let byte = bytes[position]
    target.storeBytes(of: 0x5C, as: UInt8.self)
    target.storeBytes(of: 0x78, toByteOffset: 1, as: UInt8.self)
    target.storeBytes(of: HexText.digit(byte >> 4), toByteOffset: 2, as: UInt8.self)
    target.storeBytes(of: HexText.digit(byte & 15), toByteOffset: 3, as: UInt8.self)
    target += 4
    position += 1
  }

  /// Appends the bytes that `text` stands for. Bytes other than a backslash stand for themselves; `\xNN`, `\\` and,
  /// for hands that type C, `\n`, `\r`, `\t`, `\0`, `\"` and `\'` are understood; any other escape is an error.
  public static func parse(
    _ text: UnsafeRawBufferPointer, from start: Int = 0, into output: inout ByteWriter
  ) throws(FormatError) {
    var position = start
    while position < text.count {
      let byte = text[position]
      guard byte == 0x5C else {
        output.append(byte)
        position += 1
        continue
      }
      guard position + 1 < text.count else { throw FormatError("a lone backslash at the end", at: position) }
      let letter = text[position + 1]
      if letter == 0x78 {
        guard position + 3 < text.count else { throw FormatError("\\x needs two hex digits", at: position) }
        guard let high = HexText.value(text[position + 2]) else {
          throw FormatError("not a hex digit", at: position + 2)
        }
        guard let low = HexText.value(text[position + 3]) else {
          throw FormatError("not a hex digit", at: position + 3)
        }
        output.append(high << 4 | low)
        position += 4
      } else {
        guard let value = meaning(ofEscape: letter) else { throw FormatError("unknown escape", at: position + 1) }
        output.append(value)
        position += 2
      }
    }
  }

  private static func meaning(ofEscape letter: UInt8) -> UInt8? {
    switch letter {
    case 0x5C, 0x22, 0x27: letter
    case 0x30: 0
    case 0x6E: 0x0A
    case 0x72: 0x0D
    case 0x74: 0x09
    default: nil
    }
  }

  /// `text` safe to print: file, family and comparator names, messages of others.
  public static func printable(_ text: String) -> String {
    var text = text
    return text.withUTF8 { TextFormat.escaped.text(UnsafeRawBufferPointer($0)) }
  }
}
