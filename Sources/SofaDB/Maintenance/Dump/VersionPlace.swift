/// Where a version lies, as the end of a line and of an object: made once a table, copied once an entry.
struct VersionPlace: Sendable {
  /// `TAB file TAB level`, with `-` for what is not known, such as the level of a log.
  let text: [UInt8]
  /// `,file,level` in csv.
  let csv: [UInt8]
  /// `,"file":"000012.sst","level":3` or nothing.
  let json: [UInt8]

  /// An entry of the logs.
  init() { self.init(nil, nil) }

  init(_ file: String?, _ level: Int?) {
    let name = file.map(EscapedText.printable)
    text = [UInt8]("\t\(name ?? "-")\t\(level.map { "\($0)" } ?? "-")".utf8)
    csv = [UInt8](",\(name ?? ""),\(level.map { "\($0)" } ?? "")".utf8)
    var writer = JSONWriter(capacity: 64)
    writer.beginObject()
    if let name { writer.field("file", name) }
    if let level { writer.field("level", level) }
    let members = writer.output.array.dropFirst()
    json = members.isEmpty ? [] : [0x2C] + members
  }
}
