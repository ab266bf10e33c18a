/// How far a check that is spread over many runs has come. A round is over when every file was checked in full; the
/// next one begins with the file whose check is longest ago.
///
///     {"record":"header","schema":1,"what":"sofatool-scrub","round":3,"source":"db"}
///     {"record":"file","name":"000012.sst","size":4711,"modified":"1700000000.5","file_id":9,"device":1,
///      "verified":1700000100,"round":3,"level":"full"}        in one line; its references and findings follow it
///     {"record":"blob-reference","blob":13,"compression":7}
///     {"record":"finding","severity":"error","code":"block.checksum",...}
///     {"record":"end",...}                                    see `ClosedRecords`
public struct ScrubState: Sendable, Equatable {
  /// From 1.
  public internal(set) var round: UInt64 = 1
  /// By name.
  var files: [String: ScrubRecord] = [:]

  /// Nothing was checked yet.
  public init() {}

  /// Reads a state. One that was cut or changed, and any other file, is `corruption`.
  public init(_ file: any RandomAccessFile) throws(DatabaseError) {
    var what = ""
    var round: UInt64 = 0
    var files: [String: ScrubRecord] = [:]
    var last: String?
    try ClosedRecords.read(file, what: "a state of verify", key: nil) { (bytes) throws(FormatError) in
      let line = try ScrubLine(bytes)
      switch line.record {
      case "header":
        what = line.what
        round = line.round
      case "file":
        files[line.name] = try line.file()
        last = line.name
      case "blob-reference":
        guard let last, let blob = line.blob, let compression = line.compression else {
          throw FormatError("a reference without its parts")
        }
        files[last]?.outcome.blobReferences[blob, default: []].insert(compression)
      case "finding":
        guard let last else { throw FormatError("a finding without its file") }
        files[last]?.outcome.findings.append(try line.finding())
      default: throw FormatError("a record that is not known")
      }
    }
    guard what == "sofatool-scrub", round > 0 else {
      throw DatabaseError(.corruption, file: file.name, "not a state of verify: its header is missing")
    }
    self.round = round
    self.files = files
  }

  /// The bytes of the file. `source`: the database's path, for people.
  public func encoded(source: String) -> [UInt8] {
    var json = JSONWriter(capacity: 256 + files.count * 256)
    json.beginObject()
    json.field("record", "header")
    json.field("schema", 1)
    json.field("what", "sofatool-scrub")
    json.field("round", round)
    json.field("source", EscapedText.printable(source))
    json.endObject()
    json.newline()
    for (_, record) in files.sorted(by: { $0.key < $1.key }) { record.encode(into: &json) }
    ClosedRecords.close(&json, key: nil)
    return json.output.array
  }
}
