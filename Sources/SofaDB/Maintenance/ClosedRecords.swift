/// NDJSON files that tell whether they are whole: the last record counts the lines before it and holds a digest of
/// them, so that a file that was cut, or in which a byte was changed, is not taken for a shorter one.
///
///     ...                        any number of records, one a line
///     {"record":"end","schema":1,"records":N,"algorithm":"sha-256","digest":"64 hex digits"}
///
/// The digest is of all bytes before the last line: SHA-256, which finds accidents, or HMAC-SHA-256 with a key, which
/// also finds whoever changes a record and does not have the key.
public enum ClosedRecords {
  /// Larger files are refused, before anything is allocated for them.
  static let largest: UInt64 = 1 << 30

  private static let plain = "sha-256"
  private static let keyed = "hmac-sha-256"

  /// Appends the last record.
  static func close(_ json: inout JSONWriter, key: [UInt8]?) {
    json.output.append(closing(json.output.bytes, key))
  }

  private static func closing(_ records: UnsafeRawBufferPointer, _ key: [UInt8]?) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.field("record", "end")
    json.field("schema", 1)
    json.field("records", records.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) })
    json.field("algorithm", key == nil ? plain : keyed)
    json.field("digest", code(records, key), as: .hex)
    json.endObject()
    json.newline()
    return json.output.array
  }

  private static func code(_ bytes: UnsafeRawBufferPointer, _ key: [UInt8]?) -> [UInt8] {
    key.map { HMACSHA256.digest(bytes, key: $0) } ?? SHA256.digest(bytes)
  }

  /// Reads `file` and hands each record but the last to `body`, after the last one has vouched for them. `what` is what
  /// the file is meant to be, for messages.
  static func read(
    _ file: any RandomAccessFile, what: String, key: [UInt8]?,
    _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Void
  ) throws(DatabaseError) {
    guard file.size <= largest else { throw DatabaseError(.corruption, file: file.name, "too large for \(what)") }
    let content = try file.readExactly(Int(file.size), at: 0)
    defer { withExtendedLifetime(content) {} }
    do throws(FormatError) {
      let records = try check(content.bytes, key)
      var start = 0
      while let end = records[start...].firstIndex(of: 0x0A) {
        try body(UnsafeRawBufferPointer(rebasing: records[start..<end]))
        start = end + 1
      }
    } catch {
      throw DatabaseError(.corruption, file: file.name, "not \(what) that can be used: \(error.reason)")
    }
  }

  /// All lines but the last, which must be the one that closes them, byte for byte.
  private static func check(
    _ bytes: UnsafeRawBufferPointer, _ key: [UInt8]?
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    guard bytes.last == 0x0A else { throw FormatError("it was cut: its last line does not end") }
    let start = bytes.dropLast().lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let records = UnsafeRawBufferPointer(rebasing: bytes[..<start])
    if bytes[start...].elementsEqual(closing(records, key)) { return records }
    var line = JSONLine(UnsafeRawBufferPointer(rebasing: bytes[start..<(bytes.count - 1)]))
    var record = ""
    var algorithm = ""
    while let name = try line.nextName() {
      switch name {
      case "record": record = try line.text()
      case "algorithm": algorithm = try line.text()
      default: try line.skip()
      }
    }
    if record != "end" { throw FormatError("it was cut: its closing record is missing") }
    if algorithm == keyed, key == nil { throw FormatError("it was made with a key, and none was given") }
    if algorithm == plain, key != nil { throw FormatError("it was made without a key") }
    if key == nil { throw FormatError("it was changed after it was made") }
    throw FormatError("it was changed after it was made, or the key is another one")
  }
}
