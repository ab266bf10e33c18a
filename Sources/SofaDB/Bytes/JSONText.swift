/// The inside of JSON strings: pure ASCII, so that no control, C1 or bidirectional character ever leaves the tool raw.
public enum JSONText {
  /// Appends `utf8` with quotes around it. Bytes that are no UTF-8 become U+FFFD: whoever must not lose them prints
  /// them through a `TextFormat` first.
  public static func appendString(_ utf8: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    output.append(0x22)
    appendContent(utf8, to: &output)
    output.append(0x22)
  }

  /// The same without quotes.
  public static func appendContent(_ utf8: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    let count = utf8.count
    guard count > 0, let source = utf8.baseAddress else { return }
    // Six bytes for each is the worst case: \u00NN for one, and two of them for four.
    let start = output.reserve(count * 6 + 8)
    var target = start
    var position = 0
    while position < count {
      while position + 8 <= count {
        let word = (source + position).loadUnaligned(as: UInt64.self)
        guard isPlain(word) else { break }
        target.storeBytes(of: word, as: UInt64.self)
        target += 8
        position += 8
      }
      if position < count { step(utf8, &position, &target) }
    }
    output.commit(target - start)
  }

  /// Appends `bytes` as escaped text (see `EscapedText`) inside a JSON string, without quotes: both escapings in one
  /// pass, since dumps spend their time here.
  public static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to output: inout ByteWriter) {
    let count = bytes.count
    guard count > 0, let source = bytes.baseAddress else { return }
    // \\xNN is five bytes for one; \uNNNN six for two at least.
    let start = output.reserve(count * 5 + 8)
    var target = start
    var position = 0
    while position < count {
      while position + 8 <= count {
        let word = (source + position).loadUnaligned(as: UInt64.self)
        guard isPlain(word) else { break }
        target.storeBytes(of: word, as: UInt64.self)
        target += 8
        position += 8
      }
      if position < count { escapedStep(bytes, &position, &target) }
    }
    output.commit(target - start)
  }

  @inline(__always)
  private static func escapedStep(
    _ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ target: inout UnsafeMutableRawPointer
  ) {
    let byte = bytes[position]
    guard byte &- 0x20 < 0x5F else { return rareEscapedStep(bytes, &position, &target) }
    if byte == 0x22 || byte == 0x5C {
      // A backslash is doubled twice: four of them.
      for _ in 0..<(byte == 0x22 ? 1 : 3) {
        target.storeBytes(of: 0x5C, as: UInt8.self)
        target += 1
      }
    }
    target.storeBytes(of: byte, as: UInt8.self)
    target += 1
    position += 1
  }

  @inline(never)
  private static func rareEscapedStep(
    _ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ target: inout UnsafeMutableRawPointer
  ) {
    if bytes[position] >= 0x80, let (value, _) = PrintableScalar.scalar(bytes, at: position),
      PrintableScalar.isPrintable(value)
    {
      return rareStep(bytes, &position, &target)
    }
    let byte = bytes[position]
    target.storeBytes(of: 0x5C5C, as: UInt16.self)
    target.storeBytes(of: 0x78, toByteOffset: 2, as: UInt8.self)
    target.storeBytes(of: HexText.digit(byte >> 4), toByteOffset: 3, as: UInt8.self)
    target.storeBytes(of: HexText.digit(byte & 15), toByteOffset: 4, as: UInt8.self)
    target += 5
    position += 1
  }

  /// Whether all eight bytes stand for themselves inside a string.
  @inline(__always)
  static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    return PrintableScalar.isPlain(word) && (quotes &- ones) & 0x8080_8080_8080_8080 == 0
  }

  @inline(__always)
  private static func step(
    _ utf8: UnsafeRawBufferPointer, _ position: inout Int, _ target: inout UnsafeMutableRawPointer
  ) {
    let byte = utf8[position]
    guard byte &- 0x20 < 0x5F else { return rareStep(utf8, &position, &target) }
    if byte == 0x22 || byte == 0x5C {
      target.storeBytes(of: 0x5C, as: UInt8.self)
      target += 1
    }
    target.storeBytes(of: byte, as: UInt8.self)
    target += 1
    position += 1
  }

  @inline(never)
  private static func rareStep(
    _ utf8: UnsafeRawBufferPointer, _ position: inout Int, _ target: inout UnsafeMutableRawPointer
  ) {
    let (value, length) = PrintableScalar.scalar(utf8, at: position) ?? (0xFFFD, 1)
    position += length
    if value < 0x10000 {
      unit(value, &target)
    } else {
      unit(0xD800 + (value - 0x10000) >> 10, &target)
      unit(0xDC00 + (value - 0x10000) & 0x3FF, &target)
    }
  }

  /// One UTF-16 unit: the short escape where JSON has one, else \uNNNN.
  private static func unit(_ value: UInt32, _ target: inout UnsafeMutableRawPointer) {
    let short: UInt8? =
      switch value {
      case 0x08: 0x62
      case 0x09: 0x74
      case 0x0A: 0x6E
      case 0x0C: 0x66
      case 0x0D: 0x72
      default: nil
      }
    target.storeBytes(of: 0x5C, as: UInt8.self)
    if let short {
      target.storeBytes(of: short, toByteOffset: 1, as: UInt8.self)
      target += 2
      return
    }
    target.storeBytes(of: 0x75, toByteOffset: 1, as: UInt8.self)
    for place in 0..<4 {
      let nibble = UInt8(truncatingIfNeeded: value >> UInt32(12 - 4 * place) & 15)
      target.storeBytes(of: HexText.digit(nibble), toByteOffset: 2 + place, as: UInt8.self)
    }
    target += 6
  }
}
