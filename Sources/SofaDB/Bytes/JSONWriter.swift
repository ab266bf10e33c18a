/// Writes JSON, one value after the other, into bytes that it owns: ASCII only, no blanks, commas by itself.
///
///     var json = JSONWriter()
///     json.beginObject()
///     json.field("file", name)
///     json.key("levels"); json.beginArray(); json.value(1); json.endArray()
///     json.endObject(); json.newline()
///
/// Nesting is the caller's duty; a wrong order is a programming error. Not for use by several threads at once.
public struct JSONWriter: ~Copyable {
  /// What was written; taken and emptied by the owner between records.
  public var output: ByteWriter
  /// Whether a value stands before the next one in the same array or object.
  private var needsComma = false

  public init(capacity: Int = 1024) { output = ByteWriter(capacity: capacity) }

  public mutating func beginObject() { open(0x7B) }
  public mutating func endObject() { close(0x7D) }
  public mutating func beginArray() { open(0x5B) }
  public mutating func endArray() { close(0x5D) }

  private mutating func open(_ bracket: UInt8) {
    comma()
    output.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    output.append(bracket)
    needsComma = true
  }

  @inline(__always)
  private mutating func comma() {
    if needsComma { output.append(0x2C) }
    needsComma = true
  }

  /// Ends a record of JSON lines; the next value needs no comma.
  public mutating func newline() {
    output.append(0x0A)
    needsComma = false
  }

  public mutating func key(_ name: String) {
    comma()
    string(name)
    output.append(0x3A)
    needsComma = false
  }

  private mutating func string(_ text: String) {
    var text = text
    text.withUTF8 { JSONText.appendString(UnsafeRawBufferPointer($0), to: &output) }
  }

  public mutating func value(_ text: String) {
    comma()
    string(text)
  }

  public mutating func value(_ number: UInt64) {
    comma()
    DecimalText.append(number, to: &output)
  }

  public mutating func value(_ number: Int) {
    comma()
    DecimalText.append(Int64(number), to: &output)
  }

  /// Not a number and infinities, which JSON does not have, become null.
  public mutating func value(_ number: Double) {
    guard number.isFinite else { return null() }
    comma()
    output.append(utf8: number.description)
  }

  public mutating func value(_ flag: Bool) {
    comma()
    output.append(utf8: flag ? "true" : "false")
  }

  public mutating func null() {
    comma()
    output.append(utf8: "null")
  }

  /// Bytes as a string in `format`, which keeps all of them.
  public mutating func value(_ bytes: UnsafeRawBufferPointer, as format: TextFormat) {
    comma()
    output.append(0x22)
    // Digits need no escape.
    if format == .escaped { JSONText.appendEscaped(bytes, to: &output) } else { format.append(bytes, to: &output) }
    output.append(0x22)
  }

  public mutating func value(_ bytes: [UInt8], as format: TextFormat) {
    bytes.withUnsafeBytes { value($0, as: format) }
  }

  public mutating func field(_ name: String, _ text: String) {
    key(name)
    value(text)
  }

  public mutating func field(_ name: String, _ number: UInt64) {
    key(name)
    value(number)
  }

  public mutating func field(_ name: String, _ number: Int) {
    key(name)
    value(number)
  }

  public mutating func field(_ name: String, _ number: Double) {
    key(name)
    value(number)
  }

  public mutating func field(_ name: String, _ flag: Bool) {
    key(name)
    value(flag)
  }

  public mutating func field(_ name: String, _ bytes: [UInt8], as format: TextFormat) {
    key(name)
    value(bytes, as: format)
  }
}
