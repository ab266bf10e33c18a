/// Checks what ties the files of a database together: CURRENT, the MANIFEST and its rules, and the list of files.
///
/// Finds what there is to check in detail: live tables, blob files and logs. Throws only what the disk throws.
struct DirectoryAudit {
  /// One live table.
  struct Table: Sendable {
    var metadata: TableMetadata
    var family: String
    var order: KeyOrder
    var file: String
  }

  /// One live blob file.
  struct Blob: Sendable {
    var metadata: BlobFileMetadata
    /// Its column family's number.
    var family: UInt32
  }

  private let directory: any ReadableDirectory
  private(set) var findings: [Finding] = []
  private(set) var history: ManifestHistory?
  /// Family by family, level by level.
  private(set) var tables: [Table] = []
  private(set) var blobs: [Blob] = []
  /// Names of logs that would be replayed, ascending.
  private(set) var logs: [UInt64] = []
  /// Names that no MANIFEST explains, for directories whose MANIFEST cannot be read.
  private(set) var unlistedTables: [String] = []
  /// Tables that the MANIFEST does not list and that were begun after its last record.
  private(set) var newerTables: [String] = []
  /// What has the name of a file and is none: it is not opened.
  private var special: [DatabaseFile: FileAttributes.Kind] = [:]
  /// Names in scope that are no regular files: they are findings.
  private(set) var specialCount = 0
  /// Bytes of all files in scope.
  private(set) var bytesInScope: UInt64 = 0

  init(_ directory: any ReadableDirectory) { self.directory = directory }

  /// Takes `history` for the state instead of reading what CURRENT names.
  init(_ directory: any ReadableDirectory, state history: ManifestHistory) {
    self.directory = directory
    self.history = history
  }

  mutating func run() throws(DatabaseError) {
    var names: [DatabaseFile: String] = [:]
    for entry in try directory.entries() {
      let file = DatabaseFile(name: entry.name)
      names[file] = entry.name
      if entry.kind != .file { special[file] = entry.kind }
    }
    if history == nil { try readManifest() }
    guard let version = history?.version, isUsable else {
      try take(names.compactMap { file, name in if case .table = file { name } else { nil } }.sorted())
      return
    }
    checkRules(version)
    try list(version, names)
  }

  /// Takes tables that no MANIFEST explains.
  mutating func take(_ names: [String]) throws(DatabaseError) {
    for name in names {
      let attributes = try directory.attributes(of: name)
      if let kind = attributes?.kind, kind != .file {
        noteSpecial(name, kind)
      } else {
        unlistedTables.append(name)
        bytesInScope &+= attributes?.size ?? 0
      }
    }
  }

  /// A link, a pipe or a directory under a file's name; one bad name must not end the check of the rest.
  private mutating func noteSpecial(
    _ name: String, _ kind: FileAttributes.Kind, family: String? = nil, level: Int? = nil
  ) {
    specialCount += 1
    findings.append(
      Finding(
        .fileSpecial, file: name, family: family, level: level, detail: SystemError.special(name, kind).detail))
  }

  /// Whether the version is worth holding the directory against.
  private var isUsable: Bool {
    guard let history else { return false }
    if case .corrupt = history.tail, history.recordCount == 0 { return false }
    return true
  }

  private mutating func readManifest() throws(DatabaseError) {
    let number: UInt64
    do throws(DatabaseError) { number = try CurrentFile.read(directory) } catch {
      guard error.kind == .corruption || error.kind == .notFound else { throw error }
      findings.append(
        Finding(
          .currentDangling, file: CurrentFile.name, offset: error.offset,
          detail: error.kind == .notFound ? "there is no CURRENT: no MANIFEST is named" : error.detail))
      return
    }
    let name = DatabaseFile.manifest(number).name
    let read: ManifestHistory
    do throws(DatabaseError) { read = try ManifestReader.read(directory, name: name) } catch {
      guard error.kind == .notFound else { throw error }
      findings.append(
        Finding(.currentDangling, file: CurrentFile.name, detail: "it names \(name), which is not there"))
      return
    }
    history = read
    bytesInScope += read.size + (try size(of: CurrentFile.name) ?? 0)
    switch read.tail {
    case .clean: break
    case .torn(let offset, let reason):
      findings.append(
        Finding(
          .manifestTail, file: name, offset: offset, length: read.lostBytes, block: .manifestRecord,
          detail: "\(reason): a crash while writing, or the loss of the last edit"))
    case .corrupt(let error):
      findings.append(
        Finding(
          .manifestRecord, file: name, offset: error.offset, length: read.lostBytes, block: .manifestRecord,
          detail: error.detail))
    }
  }

  private mutating func checkRules(_ version: Version) {
    for violation in VersionInvariants.check(version) {
      let code: FindingCode =
        switch violation.rule {
        case .levelOverlap: .levelOverlap
        case .levelOrder: .levelSequence
        case .bounds: .manifestBounds
        case .sequence, .fileNumber: .manifestSequence
        case .blobReference: .blobReference
        }
      findings.append(
        Finding(
          code, file: history?.name, family: version.family(violation.family)?.name, level: violation.level,
          detail: violation.detail))
    }
  }

  private mutating func list(_ version: Version, _ names: [DatabaseFile: String]) throws(DatabaseError) {
    var live = Set<UInt64>()
    for family in version.families {
      for table in family.tables {
        live.insert(table.number)
        let file = [DatabaseFile.TableSuffix.sst, .ldb].map { DatabaseFile.table(table.number, $0) }.first {
          names[$0] != nil
        }
        guard let file, let name = names[file] else {
          var finding = Finding(
            .fileMissing,
            file: DatabaseFile.table(table.number, version.dialect == .leveldb ? .ldb : .sst).name, family: family.name,
            level: table.level,
            detail: "the MANIFEST lists this table and it is not there")
          (finding.from, finding.to) = (table.smallest.userKey, table.largest.userKey)
          findings.append(finding)
          bytesInScope &+= table.size
          continue
        }
        if let kind = special[file] {
          noteSpecial(name, kind, family: family.name, level: table.level)
          continue
        }
        bytesInScope += try size(of: name) ?? 0
        tables.append(Table(metadata: table, family: family.name, order: family.order, file: name))
      }
      for blob in family.blobFiles {
        live.insert(blob.number)
        guard let name = names[.blob(blob.number)] else {
          findings.append(
            Finding(
              .fileMissing, file: DatabaseFile.blob(blob.number).name, family: family.name,
              detail: "the MANIFEST lists this blob file and it is not there"))
          continue
        }
        if let kind = special[.blob(blob.number)] {
          noteSpecial(name, kind, family: family.name)
          continue
        }
        bytesInScope += try size(of: name) ?? 0
        blobs.append(Blob(metadata: blob, family: family.id))
      }
    }
    try listLogs(version, names)
    listOrphans(version, live, names)
  }

  private mutating func listLogs(_ version: Version, _ names: [DatabaseFile: String]) throws(DatabaseError) {
    let present = names.keys.compactMap { file in if case .log(let number) = file { number } else { nil } }
    for number in LogSelection(version, present: present).replayed {
      if let kind = special[.log(number)] {
        noteSpecial(DatabaseFile.log(number).name, kind)
      } else {
        logs.append(number)
      }
    }
    for number in logs { bytesInScope += try size(of: DatabaseFile.log(number).name) ?? 0 }
    for log in version.trackedLogs where special[.log(log.number)] == nil {
      let name = DatabaseFile.log(log.number).name
      guard let synced = log.syncedSize else { continue }
      let found = names[.log(log.number)] == nil ? nil : try size(of: name)
      guard found ?? 0 < synced else { continue }
      findings.append(
        Finding(
          .walGap, file: name, offset: found, length: synced - (found ?? 0), block: .logRecord,
          detail: found == nil
            ? "the MANIFEST says that this log was synced and it is not there"
            : "the log is shorter than the \(synced) bytes that the MANIFEST says were synced"))
    }
  }

  /// Files that no live version needs. They hold nothing that a reader sees, unless the MANIFEST lost its end.
  private mutating func listOrphans(_ version: Version, _ live: Set<UInt64>, _ names: [DatabaseFile: String]) {
    let isCut = !(history?.isClean ?? false)
    for (file, name) in names.sorted(by: { $0.value < $1.value }) where special[file] == nil {
      switch file {
      case .table(let number, _), .blob(let number):
        guard !live.contains(number) else { continue }
        let isNewer = isCut && number >= version.nextFileNumber
        if !isCut, number >= version.nextFileNumber, case .table = file { newerTables.append(name) }
        findings.append(
          Finding(
            .fileOrphan, severity: isNewer ? .error : .info, file: name,
            detail: isNewer
              ? "newer than the MANIFEST, whose end is lost: it may hold the only copy of flushed writes"
              : "the MANIFEST does not list it; an engine deletes it on its next open"))
      default: continue
      }
    }
  }

  private func size(of name: String) throws(DatabaseError) -> UInt64? { try directory.attributes(of: name)?.size }
}
