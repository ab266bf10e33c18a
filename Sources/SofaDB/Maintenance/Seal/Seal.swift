/// The digests of every file of a database that does not change in place, taken at one moment: what no block checksum
/// covers, and whoever changes a file and its checksums together, is seen by comparing with it later.
///
///     {"record":"header","schema":1,"what":"sofadb-seal","created":"2025-01-31T02:00:00Z","source":"db"}
///     {"record":"file","name":"000012.sst","size":4711,"sha256":"64 hex digits"}          one a file, by name
///     {"record":"end","schema":1,"records":N,"algorithm":"sha-256","digest":"64 hex digits"}
///
/// Covered are live tables and blob files, CURRENT, the MANIFEST (of which later only so many bytes must be the same,
/// since it grows), OPTIONS files and IDENTITY. Write-ahead logs are not: they change. The last record is described at
/// `ClosedRecords`: with a key, nobody else can change any digest of the seal.
public struct Seal: Sendable, Equatable {
  public struct File: Sendable, Equatable {
    public var name: String
    /// Bytes.
    public var size: UInt64
    /// SHA-256 of all of them.
    public var digest: [UInt8]
  }

  /// Seconds since 1970, as text.
  public private(set) var created: String
  /// By name, each once.
  public private(set) var files: [File]

  init(_ files: [File], created: UInt64) {
    self.created = UTCTime.text(created)
    self.files = files.sorted { $0.name < $1.name }
  }

  /// Reads a seal. One that was cut or changed, or that needs a key or has none, is `corruption`.
  public init(_ file: any RandomAccessFile, key: [UInt8]?) throws(DatabaseError) {
    var what = ""
    var created = ""
    var files: [File] = []
    try ClosedRecords.read(file, what: "a seal", key: key) { (bytes) throws(FormatError) in
      var line = JSONLine(bytes)
      var record = ""
      var file = File(name: "", size: 0, digest: [])
      while let name = try line.nextName() {
        switch name {
        case "record": record = try line.text()
        case "what": what = try line.text()
        case "created": created = try line.text()
        case "name": file.name = try line.text()
        case "size": file.size = try line.number()
        case "sha256": file.digest = try line.bytes(count: 32)
        default: try line.skip()
        }
      }
      switch record {
      case "header": break
      case "file":
        guard !file.digest.isEmpty, files.last.map({ $0.name < file.name }) ?? true else {
          throw FormatError("a file without a digest, or out of order")
        }
        files.append(file)
      default: throw FormatError("a record that is not known")
      }
    }
    guard what == "sofadb-seal" else {
      throw DatabaseError(.corruption, file: file.name, "not a seal: its header is missing")
    }
    self.created = created
    self.files = files
  }

  /// The bytes of the file. `source`: the database's path, for people.
  public func encoded(source: String, key: [UInt8]?) -> [UInt8] {
    var json = JSONWriter(capacity: 256 + files.count * 160)
    json.beginObject()
    json.field("record", "header")
    json.field("schema", 1)
    json.field("what", "sofadb-seal")
    json.field("created", created)
    json.field("source", EscapedText.printable(source))
    json.endObject()
    json.newline()
    for file in files {
      json.beginObject()
      json.field("record", "file")
      json.field("name", file.name)
      json.field("size", file.size)
      json.field("sha256", file.digest, as: .hex)
      json.endObject()
      json.newline()
    }
    ClosedRecords.close(&json, key: key)
    return json.output.array
  }
}
