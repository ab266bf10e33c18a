/// One real directory under `Tests/Fixtures/databases` and what its engine said about it (`expected.json`).
internal import Foundation

public struct FixtureDatabase: Sendable, CustomStringConvertible {
  /// A family, a table or a recovery outcome is read straight from the JSON.
  public struct Family: Sendable {
    public var id: UInt32
    public var name: String
    public var comparator: String
    public var mergeOperator: String?
    public var entries: Int
    /// SHA-256 of the live pairs, hex.
    public var digest: String
    public var entityDigest: String?
    public var firstKey: [UInt8]?
    public var lastKey: [UInt8]?
  }

  public struct Table: Sendable {
    public var family: String
    public var level: Int
    public var file: String
    public var size: UInt64
    public var smallest: [UInt8]
    public var largest: [UInt8]
    public var smallestSequence: UInt64
    public var largestSequence: UInt64
    public var entries: UInt64
    public var deletions: UInt64
  }

  public struct State: Sendable {
    /// "OK" or the engine's error.
    public var status: String
    public var families: [Family]
    public var tables: [Table]?
    public var isOK: Bool { status == "OK" }
  }

  public struct External: Sendable {
    public var file: String
    public var entries: Int
    public var digest: String
    public var properties: [String: UInt64]
    public var texts: [String: String]
  }

  public let name: String
  public let engine: String
  public let features: Set<String>
  public let options: [String: String]
  /// In words, when the directory was damaged on purpose.
  public let damage: String?
  public let live: State?
  /// By RocksDB's number of the mode.
  public let recoveryModes: [UInt8: State]
  public let externals: [External]

  public var description: String { name }
  /// The directory itself: a database, or loose tables.
  public var path: String { Fixtures.path("databases/\(name)/") + (externals.isEmpty ? "db" : "files") }
  public var isLoose: Bool { !externals.isEmpty }

  public static let all: [FixtureDatabase] = {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: Fixtures.path("databases")).sorted().map {
        try FixtureDatabase($0)
      }
    } catch { preconditionFailure("fixtures are missing: \(error)") }
  }()

  /// Databases, without loose tables and the Go engine's directories.
  public static let databases = all.filter { !$0.isLoose && !$0.name.hasPrefix("sofadb-go") }

  public init(_ name: String) throws {
    self.name = name
    let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("databases/\(name)/expected.json")))
    guard let json = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw CocoaError(.propertyListReadCorrupt)
    }
    engine = (json["engine"] as? [String: Any])?["name"] as? String ?? ""
    features = Set(json["features"] as? [String] ?? [])
    options = json["generator_options"] as? [String: String] ?? [:]
    damage = json["damage"] as? String
    live = (json["live"] as? [String: Any]).map(State.init)
    let modes = json["recovery_modes"] as? [String: [String: Any]] ?? [:]
    recoveryModes = Dictionary(uniqueKeysWithValues: modes.map { (UInt8($0.key) ?? 0, State($0.value)) })
    externals = (json["external_files"] as? [[String: Any]] ?? []).map(External.init)
  }

  static func bytes(_ value: Any?) -> [UInt8]? { (value as? String).map { Vectors.bytes(hex: $0) } }
  static func number(_ value: Any?) -> UInt64 { (value as? NSNumber)?.uint64Value ?? 0 }
}

extension FixtureDatabase.State {
  init(_ json: [String: Any]) {
    status = json["status"] as? String ?? "?"
    families = (json["column_families"] as? [[String: Any]] ?? []).map { family in
      FixtureDatabase.Family(
        id: UInt32(FixtureDatabase.number(family["id"])), name: family["name"] as? String ?? "",
        comparator: family["comparator"] as? String ?? "", mergeOperator: family["merge_operator"] as? String,
        entries: Int(FixtureDatabase.number(family["entries"])), digest: family["digest"] as? String ?? "",
        entityDigest: family["entity_digest"] as? String, firstKey: FixtureDatabase.bytes(family["first_key"]),
        lastKey: FixtureDatabase.bytes(family["last_key"]))
    }
    guard let levels = json["levels"] as? [String: [String: [[String: Any]]]] else { return }
    tables = levels.flatMap { family, levels in
      levels.flatMap { level, files in
        files.map { file in
          FixtureDatabase.Table(
            family: family, level: Int(level) ?? -1, file: file["file"] as? String ?? "",
            size: FixtureDatabase.number(file["size"]),
            smallest: FixtureDatabase.bytes(file["smallest_user_key"]) ?? [],
            largest: FixtureDatabase.bytes(file["largest_user_key"]) ?? [],
            smallestSequence: FixtureDatabase.number(file["smallest_seqno"]),
            largestSequence: FixtureDatabase.number(file["largest_seqno"]),
            entries: FixtureDatabase.number(file["num_entries"]),
            deletions: FixtureDatabase.number(file["num_deletions"]))
        }
      }
    }
  }
}

extension FixtureDatabase.External {
  init(_ json: [String: Any]) {
    file = json["file"] as? String ?? ""
    entries = Int(FixtureDatabase.number(json["entries"]))
    digest = json["digest"] as? String ?? ""
    let all = json["properties"] as? [String: Any] ?? [:]
    properties = all.compactMapValues { ($0 as? NSNumber)?.uint64Value }
    texts = all.compactMapValues { $0 as? String }
  }
}
