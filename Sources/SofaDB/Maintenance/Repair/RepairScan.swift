/// The files of a database directory by what their names say.
struct RepairScan {
  /// Names by number.
  private(set) var tables: [UInt64: String] = [:]
  private(set) var blobs: [UInt64: String] = [:]
  /// Ascending.
  private(set) var logs: [UInt64] = []
  private(set) var manifests: [UInt64] = []
  /// The newest one, and its number.
  private(set) var options: OptionsFile?
  private(set) var optionsNumber: UInt64 = 0
  private(set) var hasIdentity = false
  /// Tables without a number, which no database can have.
  private(set) var strangers: [String] = []
  /// Sizes of tables and blob files by name.
  private(set) var sizes: [String: UInt64] = [:]

  init(_ directory: any ReadableDirectory) throws(DatabaseError) {
    for entry in try directory.entries() where entry.kind != .directory {
      switch DatabaseFile(name: entry.name) {
      // As the engines do, the newer ending first.
      case .table(let number, let suffix): if suffix == .sst || tables[number] == nil { tables[number] = entry.name }
      case .blob(let number): blobs[number] = entry.name
      case .log(let number): logs.append(number)
      case .manifest(let number): manifests.append(number)
      case .identity: hasIdentity = true
      case .other(let name) where DirectoryKind.isTableName(name): strangers.append(name)
      default: continue
      }
    }
    logs.sort()
    manifests.sort()
    for name in Array(tables.values) + Array(blobs.values) { sizes[name] = try directory.attributes(of: name)?.size }
    do throws(DatabaseError) {
      guard let newest = try OptionsFile.newest(in: directory) else { return }
      options = newest.options
      optionsNumber = DatabaseFile(name: newest.name).number ?? 0
    } catch {
      guard error.kind == .invalid || error.kind == .corruption else { throw error }
    }
  }

  /// Whether names and tables look like LevelDB's, for directories without a readable MANIFEST.
  var looksLikeLevelDB: Bool {
    options == nil && !hasIdentity && blobs.isEmpty
      && (tables.isEmpty ? false : tables.values.contains { $0.hasSuffix(".ldb") })
  }
}
