import Foundation
import SofaDB

/// An NDJSON dump, read back as `bulk-load` would.
struct DumpRecords {
  var header: [String: Any] = [:]
  var trailer: [String: Any]?
  var gaps: [[String: Any]] = []
  var entries: [[String: Any]] = []
  /// Computed anew from the entries.
  var digest = ContentDigest()

  init(_ text: String) throws {
    for line in text.split(separator: "\n") {
      guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { continue }
      switch object["record"] as? String {
      case "header": header = object
      case "trailer": trailer = object
      case "gap": gaps.append(object)
      case nil: try add(object)
      default: break
      }
    }
  }

  var keyFormat: TextFormat { format("key_format") }
  var valueFormat: TextFormat { format("value_format") }

  private func format(_ name: String) -> TextFormat {
    (header[name] as? String).flatMap(TextFormat.init(name:)) ?? .escaped
  }

  static func bytes(_ text: Any?, _ format: TextFormat) throws -> [UInt8] {
    var output = ByteWriter()
    let text = [UInt8]((text as? String ?? "").utf8)
    try text.withUnsafeBytes { try format.parse($0, into: &output) }
    return output.array
  }

  private mutating func add(_ entry: [String: Any]) throws {
    entries.append(entry)
    let name = try DumpRecords.bytes(entry["cf"], .escaped)
    let family = ContentDigest.Family(name: String(decoding: name, as: UTF8.self))
    let key = try DumpRecords.bytes(entry["key"], keyFormat)
    func count(_ kind: EntryKind, _ value: [UInt8]) {
      key.withUnsafeBytes { key in value.withUnsafeBytes { digest.add(kind, key: key, value: $0, in: family) } }
    }
    switch entry["op"] as? String {
    case "put": count(.value, try DumpRecords.bytes(entry["value"], valueFormat))
    case "merge":
      if entry["value"] != nil { count(.value, try DumpRecords.bytes(entry["value"], valueFormat)) }
      for operand in entry["operands"] as? [Any] ?? [] { count(.merge, try DumpRecords.bytes(operand, valueFormat)) }
    case "entity":
      let columns = try (entry["columns"] as? [[Any]] ?? []).map { column in
        WideColumnEntity.Column(
          name: try DumpRecords.bytes(column[0], keyFormat), value: try DumpRecords.bytes(column[1], valueFormat),
          isBlobReference: false)
      }
      var encoded = ByteWriter()
      WideColumnEntity(columns: columns).encode(into: &encoded)
      count(.wideColumnEntity, encoded.array)
    default: break
    }
  }

  var trailerDigest: String? { (trailer?["digest"] as? [String: Any])?["value"] as? String }
}
