/// Reads one JSON value (RFC 8259) token by token from borrowed bytes, which the caller keeps alive.
///
/// No recursion and no allocation: nesting is a bit a level, at most 64 levels. Strings and numbers are handed out as
/// the text that stands in the input, so that no digit of a number is lost; `unescape` gives a string's bytes. Bytes
/// above 0x7F inside strings pass as they are, valid UTF-8 or not. After an error the reader is of no further use.
public struct JSONReader {
  public enum Token: Sendable, Equatable {
    case beginObject, endObject, beginArray, endArray
    /// A member's name; its value follows.
    case key
    case string, number, `true`, `false`, null
    /// The value is complete and nothing but blanks follows it.
    case end
  }

  private enum Expected { case value, firstMember, firstElement, commaOrEnd, end }

  public static let maximumDepth = 64

  private let bytes: UnsafeRawBufferPointer
  /// Next byte to read, for messages.
  public private(set) var position = 0
  /// Open arrays and objects, 0...64.
  public private(set) var depth = 0
  /// One bit a level, innermost lowest: 1 for an object.
  private var objects: UInt64 = 0
  private var expected = Expected.value
  /// The text of the last key, string (without its quotes) or number.
  public private(set) var text = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Whether `text` is a string with escapes in it.
  public private(set) var hasEscapes = false

  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  public mutating func next() throws(FormatError) -> Token {
    skipBlanks()
    switch expected {
    case .value: return try value()
    case .firstMember:
      if peek() == 0x7D { return close() }
      return try key()
    case .firstElement:
      if peek() == 0x5D { return close() }
      return try value()
    case .commaOrEnd: return try afterValue()
    case .end:
      guard position == bytes.count else { throw FormatError("text after the end of the value", at: position) }
      return .end
    }
  }

  @inline(__always)
  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func afterValue() throws(FormatError) -> Token {
    let isObject = objects & 1 == 1
    switch peek() {
    case 0x2C:
      position += 1
      skipBlanks()
      return isObject ? try key() : try value()
    case isObject ? 0x7D : 0x5D: return close()
    case nil: throw FormatError("unexpected end of JSON", at: position)
    default: throw FormatError("a comma or a closing bracket expected", at: position)
    }
  }

  private mutating func key() throws(FormatError) -> Token {
    guard let first = peek() else { throw FormatError("unexpected end of JSON", at: position) }
    guard first == 0x22 else { throw FormatError("a member's name in quotes expected", at: position) }
    try scanString()
    skipBlanks()
    guard peek() == 0x3A else { throw FormatError("a colon expected", at: position) }
    position += 1
    expected = .value
    return .key
  }

  private mutating func value() throws(FormatError) -> Token {
    guard let first = peek() else { throw FormatError("unexpected end of JSON", at: position) }
    switch first {
    case 0x7B: return try open(isObject: true)
    case 0x5B: return try open(isObject: false)
    case 0x22:
      try scanString()
      finishValue()
      return .string
    case 0x2D, 0x30...0x39:
      try scanNumber()
      finishValue()
      return .number
    case 0x74: return try word("true", .true)
    case 0x66: return try word("false", .false)
    case 0x6E: return try word("null", .null)
    default: throw FormatError("a JSON value expected", at: position)
    }
  }

  private mutating func finishValue() { expected = depth == 0 ? .end : .commaOrEnd }

  private mutating func open(isObject: Bool) throws(FormatError) -> Token {
    guard depth < JSONReader.maximumDepth else { throw FormatError("JSON nested too deeply", at: position) }
    depth += 1
    objects = objects << 1 | (isObject ? 1 : 0)
    position += 1
    expected = isObject ? .firstMember : .firstElement
    return isObject ? .beginObject : .beginArray
  }

  private mutating func close() -> Token {
    let token: Token = objects & 1 == 1 ? .endObject : .endArray
    depth -= 1
    objects >>= 1
    position += 1
    finishValue()
    return token
  }

  private mutating func word(_ word: StaticString, _ token: Token) throws(FormatError) -> Token {
    let length = word.utf8CodeUnitCount
    guard length <= bytes.count - position else { throw FormatError("unexpected end of JSON", at: position) }
    for index in 0..<length where bytes[position + index] != word.utf8Start[index] {
      throw FormatError("a JSON value expected", at: position)
    }
    position += length
    finishValue()
    return token
  }

  /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
  private mutating func scanNumber() throws(FormatError) {
    let start = position
    if peek() == 0x2D { position += 1 }
    if peek() == 0x30 {
      position += 1
      if let byte = peek(), byte &- 0x30 < 10 { throw FormatError("a number with a leading zero", at: start) }
    } else {
      try digits()
    }
    if peek() == 0x2E {
      position += 1
      try digits()
    }
    if let byte = peek(), byte | 0x20 == 0x65 {
      position += 1
      if let sign = peek(), sign == 0x2B || sign == 0x2D { position += 1 }
      try digits()
    }
    text = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    hasEscapes = false
  }

  private mutating func digits() throws(FormatError) {
    guard let byte = peek(), byte &- 0x30 < 10 else { throw FormatError("a digit expected", at: position) }
    while let byte = peek(), byte &- 0x30 < 10 { position += 1 }
  }

  /// Steps over a string; eight bytes at a time while nothing special is among them.
  private mutating func scanString() throws(FormatError) {
    let start = position + 1
    position = start
    hasEscapes = false
    while true {
      while position + 8 <= bytes.count {
        let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        guard JSONReader.isOrdinary(word) else { break }
        position += 8
      }
      guard let byte = peek() else { throw FormatError("a string without its closing quote", at: start - 1) }
      switch byte {
      case 0x22:
        text = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        position += 1
        return
      case 0x5C:
        hasEscapes = true
        // A quote after a backslash does not close; what the escape means is checked by `unescape`.
        guard position + 1 < bytes.count else { throw FormatError("unexpected end of JSON", at: position) }
        position += 2
      case 0x00..<0x20: throw FormatError("a raw control character in a string", at: position)
      default: position += 1
      }
    }
  }

  /// Whether no byte is a quote, a backslash or a control character. May say no without need, never yes wrongly.
  @inline(__always)
  private static func isOrdinary(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5C)
    let escapes = ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
    let special = escapes | ((word &- ones &* 0x20) & ~word)
    return special & 0x8080_8080_8080_8080 == 0
  }
}

extension JSONReader {
  /// Appends the bytes of the last key or string. Halves of surrogate pairs that stand alone are refused: no bytes
  /// stand for them.
  public func unescape(into output: inout ByteWriter) throws(FormatError) {
    guard hasEscapes else { return output.append(text) }
    var position = 0
    while position < text.count {
      let byte = text[position]
      if byte != 0x5C {
        output.append(byte)
        position += 1
        continue
      }
      // `string` made sure that a byte follows each backslash.
      let letter = text[position + 1]
      if letter == 0x75 {
        position = try unescapeUnicode(at: position, into: &output)
        continue
      }
      guard let value = JSONReader.meaning(ofEscape: letter) else { throw failure("unknown escape", position) }
      output.append(value)
      position += 2
    }
  }

  /// The last key or string as a `String`.
  public func string() throws(FormatError) -> String {
    if !hasEscapes { return String(decoding: text, as: UTF8.self) }
    var output = ByteWriter(capacity: text.count)
    try unescape(into: &output)
    return String(decoding: output.bytes, as: UTF8.self)
  }

  /// Steps over the value that comes next, whatever it holds.
  public mutating func skipValue() throws(FormatError) {
    let outer = depth
    repeat {
      if try next() == .end { return }
    } while depth > outer || expected == .value
  }

  private func failure(_ reason: StaticString, _ position: Int) -> FormatError {
    guard let start = text.baseAddress, let origin = bytes.baseAddress else { return FormatError(reason) }
    return FormatError(reason, at: start - origin + position)
  }

  private static func meaning(ofEscape letter: UInt8) -> UInt8? {
    switch letter {
    case 0x22, 0x5C, 0x2F: letter
    case 0x62: 0x08
    case 0x66: 0x0C
    case 0x6E: 0x0A
    case 0x72: 0x0D
    case 0x74: 0x09
    default: nil
    }
  }

  /// One `\uNNNN` or a pair of them; returns the position after it.
  private func unescapeUnicode(at start: Int, into output: inout ByteWriter) throws(FormatError) -> Int {
    var value = try unit(at: start)
    var position = start + 6
    if value & 0xFC00 == 0xD800 {
      guard position + 1 < text.count, text[position] == 0x5C, text[position + 1] == 0x75 else {
        throw failure("half of a surrogate pair", start)
      }
      let low = try unit(at: position)
      guard low & 0xFC00 == 0xDC00 else { throw failure("half of a surrogate pair", start) }
      value = 0x10000 + (value & 0x3FF) << 10 + (low & 0x3FF)
      position += 6
    }
    guard let scalar = Unicode.Scalar(value) else { throw failure("half of a surrogate pair", start) }
    for byte in UTF8.encode(scalar).unsafelyUnwrapped { output.append(byte) }
    return position
  }

  private func unit(at start: Int) throws(FormatError) -> UInt32 {
    guard start + 6 <= text.count else { throw failure("\\u needs four hex digits", start) }
    var value: UInt32 = 0
    for index in start + 2..<start + 6 {
      guard let digit = HexText.value(text[index]) else { throw failure("not a hex digit", index) }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
