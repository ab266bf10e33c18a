/// The state that edits start from: what CURRENT names, or, where CURRENT or the MANIFEST is damaged, the best of what
/// can be read, with findings that say so. Reads only.
struct ManifestSource {
  /// All of the MANIFEST that can be read, with its records.
  let history: ManifestHistory
  /// What keeps an engine from this state: a dangling CURRENT, a damaged MANIFEST.
  let findings: [Finding]
  /// Whether CURRENT names it.
  let isNamed: Bool

  init(_ directory: any ReadableDirectory) throws(DatabaseError) {
    let chosen = try ManifestSource.choose(directory)
    history = chosen.history
    if case .corrupt(let error) = history.tail, error.detail.contains("must be understood") {
      throw DatabaseError(.unsupported, file: error.file, offset: error.offset, error.detail)
    }
    guard history.recordCount > 0 else {
      throw DatabaseError(
        .corruption, file: history.name, "not one record of it can be read: there is no state to edit")
    }
    findings = chosen.findings + ManifestSource.tail(of: history)
    isNamed = chosen.findings.isEmpty
  }

  /// Where a state is not needed: nothing takes the place of one that cannot be read.
  static func ifReadable(_ directory: any ReadableDirectory) throws(DatabaseError) -> ManifestSource {
    do throws(DatabaseError) { return try ManifestSource(directory) } catch {
      guard error.kind == .notFound || error.kind == .corruption else { throw error }
      return ManifestSource(without: error)
    }
  }

  private init(without reason: DatabaseError) {
    let version = Version(families: DraftState().build().families, lastSequence: 0, nextFileNumber: 2)
    history = ManifestHistory(name: "", size: 0, version: version, recordCount: 0, records: [], tail: .clean)
    findings = [
      Finding(.currentDangling, file: CurrentFile.name, detail: "there is no state to start from: \(reason.detail)")
    ]
    isNamed = false
  }

  /// Whether no MANIFEST leads to a state.
  var isEmpty: Bool { history.name.isEmpty }

  /// The MANIFEST that CURRENT names; else the newest one that can be read to its end, else the one that gives most.
  private static func choose(
    _ directory: any ReadableDirectory
  ) throws(DatabaseError) -> (history: ManifestHistory, findings: [Finding]) {
    let manifests = try FileTarget.files(in: directory) { if case .manifest = $0 { true } else { false } }
    let problem: String
    do throws(DatabaseError) {
      let name = DatabaseFile.manifest(try CurrentFile.read(directory)).name
      if manifests.contains(where: { $0.name == name }) {
        return (try ManifestReader.read(directory, name: name, keepingRecords: true), [])
      }
      problem = "it names \(name), which is not there"
    } catch {
      guard error.kind == .corruption || error.kind == .notFound else { throw error }
      // Damage of the MANIFEST is not thrown, so this is CURRENT's.
      problem = error.kind == .notFound ? "there is no CURRENT" : error.detail
    }
    var best: ManifestHistory?
    for manifest in manifests.reversed() {
      let history = try ManifestReader.read(directory, name: manifest.name, keepingRecords: true)
      if case .corrupt = history.tail {
        if history.recordCount > (best?.recordCount ?? 0) { best = history }
      } else if history.recordCount > 0 {
        best = history
        break
      }
    }
    guard let best else {
      throw DatabaseError(
        .notFound, file: directory.path, "\(problem), and no MANIFEST can be read: there is no state to edit")
    }
    return (best, [Finding(.currentDangling, file: CurrentFile.name, detail: "\(problem); \(best.name) is taken")])
  }

  private static func tail(of history: ManifestHistory) -> [Finding] {
    switch history.tail {
    case .clean: return []
    case .torn(let offset, let reason):
      return [
        Finding(
          .manifestTail, file: history.name, offset: offset, length: history.lostBytes, block: .manifestRecord,
          detail: "\(reason): a crash while writing, or the loss of the last edit")
      ]
    case .corrupt(let error):
      return [
        Finding(
          .manifestRecord, file: history.name, offset: error.offset, length: history.lostBytes,
          block: .manifestRecord,
          detail: "\(error.detail). Only the \(history.recordCount) edits before it are taken: files that later ones "
            + "brought are no part of this state, and an engine that opens it deletes them")
      ]
    }
  }

  /// The state as it was after `edit`, counted from 1 as `dump --manifest` does.
  func state(after edit: Int, in directory: any ReadableDirectory) throws(DatabaseError) -> Version {
    guard edit >= 1, edit <= history.recordCount else {
      throw DatabaseError(
        .invalid, file: history.name, "there is no edit \(edit): \(history.recordCount) can be read")
    }
    let version = try ManifestReader.read(directory, name: history.name, limit: edit).version
    guard version.nextFileNumber > 0 else {
      throw DatabaseError(
        .invalid, file: history.name,
        "edit \(edit) is one of the first, which together give the state that the MANIFEST begins with")
    }
    return version
  }

  /// Throws `locked` when an engine committed anything since.
  func requireUnchanged(in directory: any ReadableDirectory) throws(DatabaseError) {
    if isEmpty { return }
    let isSame = try directory.attributes(of: history.name)?.size == history.size
    let now = isNamed ? DatabaseFile.manifest(try CurrentFile.read(directory)).name : history.name
    guard isSame, now == history.name else {
      throw DatabaseError(.locked, file: directory.path, "the database was written to meanwhile")
    }
  }

  /// The newest record of table `number`, whether or not a later one deleted it; nil when none is known.
  func record(of number: UInt64) -> (table: TableMetadata, family: UInt32)? {
    for record in history.records.reversed() {
      if let table = record.edit.newTables.last(where: { $0.number == number }) { return (table, record.edit.family) }
    }
    return nil
  }

  /// What the records say of blob file `number`, garbage included; nil when none adds it.
  func blobFile(_ number: UInt64) -> BlobFileMetadata? {
    var blob: BlobFileMetadata?
    for record in history.records {
      if let added = record.edit.blobAdditions.last(where: { $0.number == number }) { blob = added }
      for garbage in record.edit.blobGarbage where garbage.number == number {
        blob?.garbageCount &+= garbage.count
        blob?.garbageBytes &+= garbage.bytes
      }
    }
    return blob
  }
}
