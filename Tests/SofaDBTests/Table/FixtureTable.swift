import Foundation
import SofaTesting

@testable import SofaDB

/// One table of the fixtures and what the engine that made it knows about it.
struct FixtureTable: CustomStringConvertible, Sendable {
  let database: String
  let file: String
  let path: String
  /// From the engine's list of live files; nil for files on their own.
  var largestSequence: SequenceNumber?
  /// User keys in hexadecimal, from the same list.
  var bounds: (smallest: String, largest: String)?
  var comparator: String?

  var description: String { "\(database)/\(file)" }

  func load() throws -> MemoryFile {
    MemoryFile([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))), name: file)
  }

  func open() throws -> TableReader { try open(load()) }

  func open(_ file: MemoryFile) throws(DatabaseError) -> TableReader {
    // This comparator of a test is reverse bytewise.
    let order = comparator == "sofa.test.Reverse" ? KeyOrder.reverseBytewise : comparator.map(KeyOrder.init(name:))
    return try TableReader(file, order: order, largestSequence: largestSequence)
  }

  /// Whether its blocks are compressed with a codec that is not read.
  var isUnreadable: Bool { database.hasSuffix("bzip2") }

  static func named(_ database: String, _ file: String? = nil) -> FixtureTable {
    all.first { $0.database == database && (file == nil || $0.file == file) }!
  }

  static let all: [FixtureTable] = {
    let root = Fixtures.path("databases")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.sorted().flatMap { tables(root, $0) }
  }()

  private static func tables(_ root: String, _ database: String) -> [FixtureTable] {
    guard !database.hasPrefix("sofadb-go") else { return [] }
    var found: [FixtureTable] = []
    for folder in ["db", "files"] {
      let directory = "\(root)/\(database)/\(folder)"
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
      where name.hasSuffix(".sst") || name.hasSuffix(".ldb") {
        found.append(FixtureTable(database: database, file: name, path: "\(directory)/\(name)"))
      }
    }
    if let data = FileManager.default.contents(atPath: "\(root)/\(database)/expected.json"),
      let json = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    {
      for index in found.indices { found[index].describe(json) }
    }
    return found
  }

  private mutating func describe(_ json: [String: Any]) {
    guard let live = json["live"] as? [String: Any] else { return }
    let stem = file.prefix { $0 != "." }
    for (family, levels) in live["levels"] as? [String: [String: [[String: Any]]]] ?? [:] {
      for table in levels.values.joined() where (table["file"] as? String)?.prefix(while: { $0 != "." }) == stem {
        largestSequence = (table["largest_seqno"] as? NSNumber)?.uint64Value
        if let low = table["smallest_user_key"] as? String, let high = table["largest_user_key"] as? String {
          bounds = (low, high)
        }
        for described in live["column_families"] as? [[String: Any]] ?? []
        where described["name"] as? String == family {
          comparator = described["comparator"] as? String
        }
      }
    }
    if comparator == nil, database.hasPrefix("l123") {
      comparator = (live["column_families"] as? [[String: Any]])?.first?["comparator"] as? String
    }
  }
}
