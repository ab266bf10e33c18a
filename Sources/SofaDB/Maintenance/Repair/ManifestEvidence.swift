/// What all MANIFESTs of a directory say together: the state that the best of them leads to, and every record that can
/// still be read anywhere, damage or not.
///
/// A record proves what happened to a file at its time. Of the records behind the damage of a MANIFEST nothing but
/// that is known, so they are evidence, and no state is built from them alone.
struct ManifestEvidence {
  /// The last thing that a record says about a table.
  enum Fate: Sendable {
    case added(family: UInt32, TableMetadata)
    case deleted(manifest: String)
  }

  /// What CURRENT names; nil when it cannot be read.
  private(set) var current: UInt64?
  /// The best MANIFEST, if any leads to a state.
  private(set) var history: ManifestHistory?
  /// Whether CURRENT names that MANIFEST and it is whole.
  private(set) var isComplete = false
  private(set) var fates: [UInt64: Fate] = [:]
  /// Families that some record added, and that none dropped later.
  private(set) var familyNames: [UInt32: String] = [:]
  private(set) var comparators: [UInt32: String] = [:]
  private(set) var droppedFamilies: Set<UInt32> = []
  private(set) var logNumbers: [UInt32: UInt64] = [:]
  private(set) var lastSequence: SequenceNumber = 0
  private(set) var nextFileNumber: UInt64 = 0
  private(set) var blobFiles: [UInt64: (family: UInt32, metadata: BlobFileMetadata)] = [:]
  private(set) var remarks: [String] = []

  /// Nothing is known.
  init() {}

  init(_ directory: any ReadableDirectory, manifests: [UInt64]) throws(DatabaseError) {
    do throws(DatabaseError) { current = try CurrentFile.read(directory) } catch {
      guard error.kind == .corruption || error.kind == .notFound else { throw error }
      remarks.append(error.kind == .notFound ? "there is no CURRENT" : "CURRENT is damaged: \(error.detail)")
    }
    if let current, !manifests.contains(current) {
      remarks.append("CURRENT names \(DatabaseFile.manifest(current).name), which is not there")
    }
    try choose(directory, manifests)
    let isWhole = history?.isClean ?? false
    isComplete = isWhole && history?.name == current.map { DatabaseFile.manifest($0).name }
    // What a whole MANIFEST says needs no evidence.
    if isComplete { return }
    for number in manifests.sorted() { try collect(directory, number) }
  }

  /// CURRENT's own MANIFEST unless another one leads further.
  private mutating func choose(_ directory: any ReadableDirectory, _ manifests: [UInt64]) throws(DatabaseError) {
    var best: ManifestHistory?
    for number in manifests.sorted(by: { ($0 == current) == ($1 == current) ? $0 > $1 : $0 == current }) {
      let name = DatabaseFile.manifest(number).name
      let read: ManifestHistory
      do throws(DatabaseError) { read = try ManifestReader.read(directory, name: name) } catch {
        guard error.kind == .corruption || error.kind == .unsupported else { throw error }
        remarks.append("\(name) cannot be read: \(error.detail)")
        continue
      }
      note(read)
      guard ManifestEvidence.isState(read) else { continue }
      // The one that CURRENT names comes first, and stays unless it is damaged and another one is ahead of it.
      if let best, best.isClean || ManifestEvidence.rank(read) <= ManifestEvidence.rank(best) { continue }
      best = read
    }
    history = best
  }

  private static func rank(_ history: ManifestHistory) -> (UInt64, UInt64) {
    (history.version.lastSequence, history.version.nextFileNumber)
  }

  /// Whether a prefix says enough to be a state: the numbers come at a snapshot's end.
  private static func isState(_ history: ManifestHistory) -> Bool {
    history.recordCount > 0 && history.version.nextFileNumber > 0
  }

  private mutating func note(_ history: ManifestHistory) {
    switch history.tail {
    case .clean: break
    case .torn(let offset, let reason): remarks.append("\(history.name) ends at byte \(offset): \(reason)")
    case .corrupt(let error):
      remarks.append("\(history.name) is damaged at byte \(error.offset ?? 0): \(error.detail)")
    }
  }

  /// Every record that decodes.
  private mutating func collect(_ directory: any ReadableDirectory, _ number: UInt64) throws(DatabaseError) {
    let name = DatabaseFile.manifest(number).name
    // What an older MANIFEST added and the best one does not list is gone.
    let base = history.flatMap { DatabaseFile(name: $0.name).number } ?? 0
    let reader = LogReader(file: try directory.open(name), number: 0, mode: .skipAnyCorrupted, plainOnly: true)
    while let item = try reader.next() {
      guard case .record(let record) = item else { continue }
      do throws(FormatError) {
        take(try VersionEdit.decode(record.bytes), name, takesAdditions: number >= base)
      } catch { /* Damage that a checksum did not cover; the history names it. */  }
    }
  }

  private mutating func take(_ edit: VersionEdit, _ name: String, takesAdditions: Bool) {
    if let added = edit.addedFamily {
      familyNames[edit.family] = added
      droppedFamilies.remove(edit.family)
    }
    if edit.dropsFamily {
      familyNames[edit.family] = nil
      droppedFamilies.insert(edit.family)
    }
    if let comparator = edit.comparator { comparators[edit.family] = comparator }
    for table in edit.deletedTables { fates[table.number] = .deleted(manifest: name) }
    for table in edit.newTables where takesAdditions { fates[table.number] = .added(family: edit.family, table) }
    for blob in edit.blobAdditions where takesAdditions { blobFiles[blob.number] = (edit.family, blob) }
    if let number = edit.logNumber { logNumbers[edit.family] = max(logNumbers[edit.family] ?? 0, number) }
    lastSequence = max(lastSequence, edit.lastSequence ?? 0)
    nextFileNumber = max(nextFileNumber, edit.nextFileNumber ?? 0)
  }
}
