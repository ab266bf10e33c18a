/// The first line of an NDJSON dump.
struct DumpHeader: Sendable {
  struct Family: Sendable {
    var name: String
    var id: UInt32
    var comparator: String
    var mergeOperator: String?
  }

  var keyFormat = TextFormat.escaped
  var valueFormat = TextFormat.escaped
  /// Entries carry their sequences, and a key may have many.
  var hasVersions = false
  var families: [Family] = []
  /// Whether it was made of a part of the database.
  var isPartial = false

  /// Throws in words for the user what makes the dump unusable.
  init(_ line: UnsafeRawBufferPointer) throws(FormatError) {
    var reader = JSONReader(line)
    guard try reader.next() == .beginObject else { throw FormatError("no header of a dump") }
    var record = ""
    while try reader.next() == .key {
      switch try reader.string() {
      case "record": record = try DumpHeader.text(&reader)
      case "schema":
        guard try reader.next() == .number, reader.text.elementsEqual("1".utf8) else {
          throw FormatError("a dump of a newer schema")
        }
      case "key_format": keyFormat = try DumpHeader.format(&reader)
      case "value_format": valueFormat = try DumpHeader.format(&reader)
      case "versions": hasVersions = try reader.next() == .true
      case "keys_only":
        guard try reader.next() == .false else { throw FormatError("a dump without values") }
      case "families": try readFamilies(&reader)
      case "from", "to", "prefix", "limit":
        isPartial = true
        try reader.skipValue()
      default: try reader.skipValue()
      }
    }
    guard record == "header" else { throw FormatError("no header of a dump") }
    guard !families.isEmpty, families.count <= 100_000 else { throw FormatError("a dump without column families") }
    guard Set(families.map(\.name)).count == families.count, Set(families.map(\.id)).count == families.count else {
      throw FormatError("column families with the same name or number")
    }
  }

  private static func text(_ reader: inout JSONReader) throws(FormatError) -> String {
    guard try reader.next() == .string else { throw FormatError("a string expected in the header") }
    return try reader.string()
  }

  private static func format(_ reader: inout JSONReader) throws(FormatError) -> TextFormat {
    guard let format = TextFormat(name: try text(&reader)) else {
      throw FormatError("an unknown format of keys or values")
    }
    return format
  }

  /// Names are escaped text, as in the entries.
  private static func name(_ reader: inout JSONReader) throws(FormatError) -> String {
    var text = ByteWriter()
    text.append(utf8: try DumpHeader.text(&reader))
    var name = ByteWriter()
    try TextFormat.escaped.parse(text.bytes, into: &name)
    return String(decoding: name.bytes, as: UTF8.self)
  }

  private mutating func readFamilies(_ reader: inout JSONReader) throws(FormatError) {
    guard try reader.next() == .beginArray else { throw FormatError("a list of column families expected") }
    while try reader.next() == .beginObject {
      var family = Family(name: "", id: 0, comparator: KeyOrder.bytewise.name)
      while try reader.next() == .key {
        switch try reader.string() {
        case "id":
          guard try reader.next() == .number, let id = UInt32(exactly: try DecimalText.parse(reader.text)) else {
            throw FormatError("a column family without a number")
          }
          family.id = id
        case "name": family.name = try DumpHeader.name(&reader)
        case "comparator": family.comparator = try DumpHeader.name(&reader)
        case "merge_operator": family.mergeOperator = try DumpHeader.name(&reader)
        default: try reader.skipValue()
        }
      }
      families.append(family)
    }
  }
}
