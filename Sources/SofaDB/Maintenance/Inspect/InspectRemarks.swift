/// What is remarkable about a database and no finding.
enum InspectRemarks {
  /// The code that says that the system refused to read something.
  static let unreadable = "unreadable"

  /// Files in level 0 from which RocksDB slows writers down, by its defaults.
  private static let crowdedLevel = 20

  private typealias Remark = InspectReport.Remark

  /// What the tables tell.
  static func ofTables(_ report: InspectReport) -> [InspectReport.Remark] {
    var remarks: [Remark] = []
    func mixed(_ code: String, _ what: String, _ shares: [InspectReport.Share]) {
      guard shares.count > 1 else { return }
      let names = shares.map { EscapedText.printable($0.name) }.joined(separator: ", ")
      remarks.append(Remark(code: code, detail: "tables have different \(what): \(names)"))
    }
    mixed("mixed-codecs", "codecs", report.shares(\.codec))
    mixed("mixed-formats", "format versions", report.shares { $0.formatVersion?.description })
    mixed("mixed-checksums", "checksums", report.shares { $0.checksum?.name })
    mixed("mixed-filters", "filters", report.shares { $0.filter == "none" ? nil : $0.filter })
    func count(_ code: String, _ text: String, _ isCounted: (InspectedTable) -> Bool) {
      let count = report.tables.count(where: isCounted)
      if count > 0 { remarks.append(Remark(code: code, detail: "\(count) of \(report.tables.count) tables \(text)")) }
    }
    if report.engine == .rocksDB { count("leveldb-tables", "are LevelDB's", \.isLevelDB) }
    if report.kind != .looseTables { count("external-tables", "were made outside and ingested", \.isExternal) }
    count("marked-for-compaction", "are marked for compaction", \.isMarkedForCompaction)
    count("other-paths", "lie in other directories (db_paths)") { $0.path != 0 }
    count(unreadable, "could not be read") { $0.state == .unreadable }
    for codec in report.shares(\.codec) where unsupported(codec.name) {
      let name = EscapedText.printable(codec.name)
      remarks.append(
        Remark(code: "codec-unsupported", detail: "\(codec.tables) tables have codec \(name), which is not read here"))
    }
    for family in report.families { remarks += of(family) }
    return remarks
  }

  private static func unsupported(_ codec: String) -> Bool {
    codec.split(separator: "+").contains { !(Compression(String($0))?.canDecode ?? false) }
  }

  private static func of(_ family: InspectedFamily) -> [Remark] {
    let name = EscapedText.printable(family.name)
    var remarks: [Remark] = []
    if !family.order.isKnown {
      let comparator = EscapedText.printable(family.order.name)
      remarks.append(
        Remark(code: "comparator-unknown", detail: "the comparator \(comparator) of family \(name) is not known"))
    }
    if family.order.timestampSize > 0 {
      remarks.append(Remark(code: "timestamps", detail: "keys of family \(name) carry user timestamps"))
    }
    if let stored = family.mergeOperator, case .unknown = MergeOperator(name: stored) {
      remarks.append(
        Remark(
          code: "merge-operator-unknown",
          detail: "the merge operator \(EscapedText.printable(stored)) of family \(name) is not known"))
    }
    if let level = family.levels.first(where: { $0.number == 0 }), level.files >= crowdedLevel {
      remarks.append(
        Remark(code: "crowded-level-0", detail: "level 0 of family \(name) has \(level.files) tables"))
    }
    if let deletions = family.deletions, let entries = family.entries, deletions > entries / 2, entries > 0 {
      remarks.append(
        Remark(
          code: "many-deletions", detail: "\(deletions) of \(entries) entries of family \(name) are deletions"))
    }
    return remarks
  }

  /// What the names in the directory, OPTIONS and MANIFEST tell.
  static func ofDirectory(
    _ report: InspectReport, _ names: [DatabaseFile: String], _ options: OptionsFile?, _ version: Version?
  ) -> [InspectReport.Remark] {
    var remarks: [Remark] = []
    if let manifest = report.manifest, !manifest.isCurrent {
      remarks.append(
        Remark(code: "manifest-guessed", detail: "CURRENT leads nowhere; the state is the one of \(manifest.name)"))
    }
    if let stored = version?.databaseID, let identity = report.identity, stored != identity {
      remarks.append(Remark(code: "identity-mismatch", detail: "IDENTITY and MANIFEST name different databases"))
    }
    if report.engine == .rocksDB, options == nil {
      remarks.append(Remark(code: "no-options", detail: "there is no OPTIONS file"))
    }
    if let path = options?.walDirectory, path != report.path, report.logs.isEmpty {
      remarks.append(
        Remark(code: "logs-elsewhere", detail: "OPTIONS put the logs into \(EscapedText.printable(path))"))
    }
    let garbage = report.blobFiles.reduce(UInt64(0)) { $0 &+ $1.metadata.garbageBytes }
    let values = report.blobFiles.reduce(UInt64(0)) { $0 &+ $1.metadata.bytes }
    if values > 0, garbage > values / 2 {
      remarks.append(
        Remark(code: "blob-garbage", detail: "\(garbage) of \(values) bytes in blob files are garbage"))
    }
    return remarks + leftovers(report, names)
  }

  private static func leftovers(_ report: InspectReport, _ names: [DatabaseFile: String]) -> [Remark] {
    var found: [String: [String]] = [:]
    for (file, name) in names {
      switch file {
      case .manifest where name != report.manifest?.name: found["other-manifests", default: []].append(name)
      case .temporary, .temporaryOptions: found["temporary-files", default: []].append(name)
      case .other: found["foreign-files", default: []].append(name)
      default: continue
      }
    }
    let done = report.logs.filter { !$0.isPending }.map(\.name)
    if !done.isEmpty { found["obsolete-logs"] = done }
    return found.sorted { $0.key < $1.key }.map { code, names in
      let shown = names.sorted().prefix(8).map { EscapedText.printable($0) }.joined(separator: ", ")
      return Remark(code: code, detail: names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown)
    }
  }
}
