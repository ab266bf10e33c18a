/// One field of a row as it stands in the input, borrowed.
struct FieldText {
  enum Form: UInt8 {
    /// The bytes themselves.
    case plain
    /// The inside of a quoted field; two quotes stand for one.
    case quoted
    /// The inside of a JSON string, escapes untouched.
    case jsonString
    case jsonNumber, jsonBoolean, jsonNull
    /// An array or an object, as it stands.
    case jsonNested
    /// The object has no such member.
    case missing
  }

  var start: UnsafePointer<UInt8>
  var count: Int
  var form: Form
  /// For `.quoted`.
  var quote: UInt8 = 0

  @inline(__always)
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  /// Whether `bytes` is already what `text` would give.
  @inline(__always)
  var isVerbatim: Bool {
    switch form {
    case .plain, .jsonNumber, .jsonBoolean: true
    case .quoted: !contains(quote)
    case .jsonString: !contains(0x5C)
    default: false
    }
  }

  @inline(__always)
  private func contains(_ byte: UInt8) -> Bool { ByteSearch.first(byte, in: start, count: count) != nil }

  /// Appends the field's text: quotes and escapes resolved.
  @inline(__always)
  func appendText(to output: inout ByteWriter, column: Int) throws(RowFault) {
    if form == .plain { return output.append(bytes) }
    try appendOther(to: &output, column: column)
  }

  @inline(never)
  private func appendOther(to output: inout ByteWriter, column: Int) throws(RowFault) {
    switch form {
    case .plain, .jsonNumber, .jsonBoolean: output.append(bytes)
    case .quoted: appendUnquoted(to: &output)
    case .jsonString: try appendUnescaped(to: &output, column: column)
    case .jsonNull: throw RowFault("the value is null", column: column)
    case .jsonNested: throw RowFault("an array or an object; only json(...) takes those", column: column)
    case .missing: throw RowFault("the object has no such member", column: column)
    }
  }

  private func appendUnquoted(to output: inout ByteWriter) {
    var position = 0
    while let next = ByteSearch.first(quote, in: start + position, count: count - position) {
      output.append(UnsafeRawBufferPointer(start: start + position, count: next + 1))
      position += next + 2
    }
    if position < count {
      output.append(UnsafeRawBufferPointer(start: start + position, count: count - position))
    }
  }

  private func appendUnescaped(to output: inout ByteWriter, column: Int) throws(RowFault) {
    guard contains(0x5C) else { return output.append(bytes) }
    // The quotes stand on both sides.
    var reader = JSONReader(UnsafeRawBufferPointer(start: start - 1, count: count + 2))
    do throws(FormatError) {
      _ = try reader.next()
      try reader.unescape(into: &output)
    } catch {
      throw RowFault(error.reason, column: column)
    }
  }
}
