/// Applies version edits in order and builds the `Version` that they lead to.
///
/// Edits of an atomic group are held back until the last of them is there, then applied all or none. An edit that
/// contradicts the state is corruption, and leaves the builder as it was.
public struct VersionBuilder: Sendable {
  private var families: [UInt32: FamilyBuilder]
  private var lastSequence: SequenceNumber?
  private var nextFileNumber: UInt64?
  private var previousLogNumber: UInt64 = 0
  private var minLogNumberToKeep: UInt64 = 0
  private var maxColumnFamily: UInt32 = 0
  private var databaseID: String?
  private var trackedLogs: [UInt64: VersionEdit.LogAddition] = [:]
  /// Tracked WALs with smaller numbers are gone.
  private var firstTrackedLog: UInt64 = 0
  private var names: Set<String>
  private var sawLogNumber = false
  private var writtenByLevelDB = false
  private var usesRocksDBTags = false
  private var passedOver: Set<UInt32> = []
  private var group: [VersionEdit] = []
  /// Families as they were when the group that is being applied dropped them.
  private var dropped: [UInt32: FamilyBuilder] = [:]

  /// A new database: the family `default` and nothing else.
  public init() {
    families = [0: FamilyBuilder(id: 0, name: "default")]
    names = ["default"]
  }

  /// Goes on from `version`.
  public init(_ version: Version) {
    families = Dictionary(version.families.map { ($0.id, FamilyBuilder($0)) }, uniquingKeysWith: { $1 })
    names = Set(version.families.map(\.name))
    lastSequence = version.lastSequence
    nextFileNumber = version.nextFileNumber
    previousLogNumber = version.previousLogNumber
    minLogNumberToKeep = version.minLogNumberToKeep
    maxColumnFamily = version.maxColumnFamily
    databaseID = version.databaseID
    trackedLogs = Dictionary(version.trackedLogs.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
    sawLogNumber = true
    writtenByLevelDB = version.dialect == .leveldb
    usesRocksDBTags = version.dialect == .rocksdb
    passedOver = version.passedOver
  }

  /// Edits of an atomic group whose end has not come; they are no part of the version.
  public var heldBack: Int { group.count }

  /// Records without which the engines refuse a MANIFEST, as far as they are missing.
  public var missing: [String] {
    var names: [String] = []
    if !sawLogNumber { names.append("log number") }
    if nextFileNumber == nil { names.append("next file number") }
    if lastSequence == nil { names.append("last sequence") }
    return names
  }

  /// The version so far. Numbers that were never recorded are 0.
  public func build() -> Version {
    Version(
      families: families.values.map { $0.build() }, lastSequence: lastSequence ?? 0,
      nextFileNumber: nextFileNumber ?? 0, previousLogNumber: previousLogNumber,
      minLogNumberToKeep: minLogNumberToKeep, maxColumnFamily: maxColumnFamily, databaseID: databaseID,
      trackedLogs: trackedLogs.values.filter { $0.number >= firstTrackedLog },
      dialect: writtenByLevelDB && !usesRocksDBTags ? .leveldb : .rocksdb, passedOver: passedOver)
  }

  public mutating func apply(_ edit: VersionEdit) throws(DatabaseError) {
    defer { dropped = [:] }
    guard let remaining = edit.remainingInGroup, !Mutant.groupsAppliedInPieces.isOn else {
      guard group.isEmpty else { throw FamilyBuilder.corruption("an atomic group is interrupted") }
      return try applyNow(edit)
    }
    if let previous = group.last?.remainingInGroup, UInt64(remaining) + 1 != UInt64(previous) {
      throw FamilyBuilder.corruption("an atomic group does not count down")
    }
    guard remaining == 0 else {
      group.append(edit)
      return
    }
    guard !group.isEmpty else { return try applyNow(edit) }
    try applyAtOnce(group + [edit])
  }

  /// All of `edits` or none.
  private mutating func applyAtOnce(_ edits: [VersionEdit]) throws(DatabaseError) {
    // Not the families: a copy of all tables for each group would make long histories quadratic.
    var before = self
    before.families = [:]
    group = []
    var checkpoints: [UInt32: FamilyBuilder.Checkpoint?] = [:]
    for id in Set(edits.map(\.family)) { checkpoints[id] = .some(families[id]?.checkpoint(before: edits)) }
    do throws(DatabaseError) {
      for edit in edits { try applyNow(edit) }
    } catch {
      for (id, family) in dropped { families[id] = family }
      swap(&before.families, &families)
      self = before
      for (id, checkpoint) in checkpoints {
        if let checkpoint { families[id]?.restore(checkpoint) } else { families[id] = nil }
      }
      throw error
    }
  }

  private mutating func applyNow(_ edit: VersionEdit) throws(DatabaseError) {
    let id = edit.family
    let isSpecial = edit.addedFamily != nil || edit.dropsFamily || !edit.logAdditions.isEmpty || edit.logDeletion != nil
    guard !isSpecial || !FamilyBuilder.changesFiles(edit) else {
      // RocksDB would pass over the files.
      throw FamilyBuilder.corruption("changes files in a record for something else")
    }
    if edit.addedFamily != nil || edit.dropsFamily {
      try changeFamilies(edit)
    } else {
      guard families[id] != nil else { throw FamilyBuilder.corruption("names the unknown column family \(id)") }
      try families[id]?.apply(edit)
    }
    if edit.logNumber != nil { sawLogNumber = true }
    // LevelDB puts both log numbers into every edit; RocksDB splits them as long as it needs no tag of its own.
    if edit.previousLogNumber != nil, edit.logNumber != nil { writtenByLevelDB = true }
    if edit.usesRocksDBTags { usesRocksDBTags = true }
    if !edit.unknownFields.isEmpty { passedOver.formUnion(edit.unknownFields.map(\.tag)) }
    lastSequence = edit.lastSequence ?? lastSequence
    nextFileNumber = edit.nextFileNumber ?? nextFileNumber
    previousLogNumber = edit.previousLogNumber ?? previousLogNumber
    minLogNumberToKeep = max(minLogNumberToKeep, edit.minLogNumberToKeep ?? 0)
    maxColumnFamily = edit.maxColumnFamily ?? maxColumnFamily
    databaseID = edit.databaseID ?? databaseID
    for log in edit.logAdditions where log.number >= firstTrackedLog { trackedLogs[log.number] = log }
    firstTrackedLog = max(firstTrackedLog, edit.logDeletion ?? 0)
  }

  private mutating func changeFamilies(_ edit: VersionEdit) throws(DatabaseError) {
    let id = edit.family
    if let name = edit.addedFamily {
      guard !edit.dropsFamily else { throw FamilyBuilder.corruption("adds and drops column family \(id)") }
      guard families[id] == nil else { throw FamilyBuilder.corruption("adds column family \(id), which exists") }
      guard !names.contains(name) else {
        throw FamilyBuilder.corruption("adds a second column family of one name")
      }
      var family = FamilyBuilder(id: id, name: name)
      try family.apply(edit)
      families[id] = family
      names.insert(name)
      maxColumnFamily = max(maxColumnFamily, id)
    } else {
      guard id != 0 else { throw FamilyBuilder.corruption("drops the default column family") }
      guard let family = families.removeValue(forKey: id) else {
        throw FamilyBuilder.corruption("drops the unknown column family \(id)")
      }
      names.remove(family.name)
      if dropped[id] == nil { dropped[id] = family }
    }
  }
}
