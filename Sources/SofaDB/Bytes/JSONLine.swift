/// One line of NDJSON that holds an object, member by member, for records of a few members.
///
///     var line = JSONLine(bytes)
///     while let name = try line.nextName() {
///       switch name {
///       case "size": size = try line.number()
///       default: try line.skip()
///       }
///     }
///
/// Each name must be followed by one call that takes its value. The bytes are borrowed, as by `JSONReader`.
struct JSONLine {
  private var reader: JSONReader
  private var isOpen = false

  init(_ bytes: UnsafeRawBufferPointer) { reader = JSONReader(bytes) }

  /// nil at the end of the line.
  mutating func nextName() throws(FormatError) -> String? {
    if !isOpen {
      guard try reader.next() == .beginObject else { throw FormatError("an object expected") }
      isOpen = true
    }
    if try reader.next() == .key { return try reader.string() }
    guard try reader.next() == .end else { throw FormatError("text after the end of the record") }
    return nil
  }

  mutating func text() throws(FormatError) -> String {
    guard try reader.next() == .string else { throw FormatError("a string expected") }
    return try reader.string()
  }

  /// A whole number from 0 to 2^64 - 1.
  mutating func number() throws(FormatError) -> UInt64 {
    guard try reader.next() == .number else { throw FormatError("a number expected") }
    return try DecimalText.parse(reader.text)
  }

  /// A string of hexadecimal digits, two a byte.
  mutating func bytes(count: Int) throws(FormatError) -> [UInt8] {
    guard try reader.next() == .string, reader.text.count == 2 * count else { throw FormatError("hex digits expected") }
    var bytes = ByteWriter(capacity: count)
    try HexText.parse(reader.text, into: &bytes)
    return bytes.array
  }

  mutating func flag() throws(FormatError) -> Bool {
    switch try reader.next() {
    case .true: return true
    case .false: return false
    default: throw FormatError("true or false expected")
    }
  }

  mutating func skip() throws(FormatError) { try reader.skipValue() }
}
