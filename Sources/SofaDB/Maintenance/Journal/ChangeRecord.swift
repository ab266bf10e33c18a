/// What a change of a database does, written and durable before the database's own directory is touched.
///
/// One JSON object, `change.json`; keys are never renamed. Whether the change took place is not in it: CURRENT says
/// that, so that there is one truth.
public struct ChangeRecord: Sendable, Equatable {
  public struct File: Sendable, Equatable {
    public var name: String
    /// Bytes.
    public var size: UInt64

    public init(name: String, size: UInt64) {
      self.name = name
      self.size = size
    }
  }

  /// `NUMBER-COMMAND`, the name of its directory.
  public var id: String
  /// What was done, in words, without keys.
  public var summary: String
  /// Seconds since 1970.
  public var time: UInt64
  /// The MANIFEST that CURRENT names after the change.
  public var manifest: UInt64
  public var manifestSize: UInt64
  public var manifestDigest: [UInt8]
  /// Files that the change brings, without the MANIFEST.
  public var added: [File]
  /// Files that the change takes away, with the old MANIFESTs.
  public var removed: [File]
  /// Logs that are there after the change: when one of them differs, the database was used since.
  public var logs: [File]
  /// SHA-256 of the tables that an ingestion brought.
  public var sources: [[UInt8]] = []
  /// Whether undoing would destroy the only copy of something.
  public var isFinal = false

  static let schema: UInt64 = 1
  /// A record of ten million files is larger than any that is written.
  static let largestSize: UInt64 = 1 << 30

  func encode() -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.field("record", "change")
    json.field("schema", ChangeRecord.schema)
    json.field("id", id)
    json.field("summary", summary)
    json.field("time", UTCTime.text(time))
    json.field("seconds", time)
    json.field("manifest", manifest)
    json.field("manifest_size", manifestSize)
    json.field("manifest_sha256", manifestDigest, as: .hex)
    ChangeRecord.encode("added", added, into: &json)
    ChangeRecord.encode("removed", removed, into: &json)
    ChangeRecord.encode("logs", logs, into: &json)
    json.key("sources")
    json.beginArray()
    for source in sources { json.value(source, as: .hex) }
    json.endArray()
    json.field("final", isFinal)
    json.endObject()
    json.newline()
    return json.output.array
  }

  static func encode(_ name: String, _ files: [File], into json: inout JSONWriter) {
    json.key(name)
    json.beginArray()
    for file in files {
      json.beginObject()
      json.field("name", file.name)
      json.field("size", file.size)
      json.endObject()
    }
    json.endArray()
  }

  static func decode(_ bytes: UnsafeRawBufferPointer) throws(FormatError) -> ChangeRecord {
    var json = JSONReader(bytes)
    var record = ChangeRecord(
      id: "", summary: "", time: 0, manifest: 0, manifestSize: 0, manifestDigest: [], added: [], removed: [], logs: [])
    guard try json.next() == .beginObject else { throw FormatError("not a change record", at: 0) }
    while try json.next() == .key {
      switch try json.string() {
      case "schema":
        guard try number(&json) == schema else { throw FormatError("a change record of a newer release") }
      case "id": record.id = try text(&json)
      case "summary": record.summary = try text(&json)
      case "seconds": record.time = try number(&json)
      case "manifest": record.manifest = try number(&json)
      case "manifest_size": record.manifestSize = try number(&json)
      case "manifest_sha256": record.manifestDigest = try digest(&json)
      case "added": record.added = try files(&json)
      case "removed": record.removed = try files(&json)
      case "logs": record.logs = try files(&json)
      case "sources": record.sources = try digests(&json)
      case "final": record.isFinal = try json.next() == .true
      default: try json.skipValue()
      }
    }
    guard try json.next() == .end, record.manifest > 0, record.manifest <= VersionEdit.largestFileNumber,
      record.manifestDigest.count == 32
    else { throw FormatError("not a change record") }
    return record
  }

  private static func text(_ json: inout JSONReader) throws(FormatError) -> String {
    guard try json.next() == .string else { throw FormatError("a string expected", at: json.position) }
    return try json.string()
  }

  private static func number(_ json: inout JSONReader) throws(FormatError) -> UInt64 {
    guard try json.next() == .number, let value = UInt64(String(decoding: json.text, as: UTF8.self)) else {
      throw FormatError("a whole number expected", at: json.position)
    }
    return value
  }

  private static func digest(_ json: inout JSONReader) throws(FormatError) -> [UInt8] {
    try digest(of: text(&json), at: json.position)
  }

  private static func digests(_ json: inout JSONReader) throws(FormatError) -> [[UInt8]] {
    guard try json.next() == .beginArray else { throw FormatError("an array expected", at: json.position) }
    var digests: [[UInt8]] = []
    while try json.next() == .string { digests.append(try digest(of: json.string(), at: json.position)) }
    return digests
  }

  private static func digest(of text: String, at position: Int) throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    var digits = text.utf8.makeIterator()
    while let high = digits.next() {
      guard let low = digits.next(), let upper = HexText.value(high), let lower = HexText.value(low) else {
        throw FormatError("hex digits expected", at: position)
      }
      bytes.append(upper << 4 | lower)
    }
    return bytes
  }

  /// Names are components of a database directory; nothing else may be linked or removed because a file says so.
  private static func files(_ json: inout JSONReader) throws(FormatError) -> [File] {
    guard try json.next() == .beginArray else { throw FormatError("an array expected", at: json.position) }
    var files: [File] = []
    while try json.next() == .beginObject {
      var file = File(name: "", size: 0)
      while try json.next() == .key {
        switch try json.string() {
        case "name": file.name = try text(&json)
        case "size": file.size = try number(&json)
        default: try json.skipValue()
        }
      }
      guard DatabaseFile(name: file.name).number != nil else {
        throw FormatError("not the name of a database file", at: json.position)
      }
      files.append(file)
    }
    return files
  }
}
