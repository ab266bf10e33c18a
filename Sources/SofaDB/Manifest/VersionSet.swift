internal import Synchronization

/// The state of an open database and the one way in which it changes on disk.
///
/// 1. A change is a few version edits, appended to the MANIFEST and synced before anybody sees the new version.
/// 2. A MANIFEST whose append or sync failed is never written or synced again: its last bytes are unknown. The whole
///    new state goes into a fresh MANIFEST, once; CURRENT is switched to it.
/// 3. When that fails too the set stays in its failure and in the old version. The edit may be on disk all the same,
///    and CURRENT may name either MANIFEST, so nothing that the old or the new state needs may be deleted until
///    `resume` has written the state anew. No MANIFEST that CURRENT may name is removed here.
/// 4. A MANIFEST that has grown is replaced by a fresh one. All but `manifestNumber` are obsolete then, and left to the
///    file collection.
///
/// The first MANIFEST is a fresh one in RocksDB's dialect, so a LevelDB directory becomes RocksDB's; `VersionUpgrade`
/// says how.
///
/// Any thread may call anything. Installs are one at a time; who reads `current` waits for none of them.
final class VersionSet: Sendable {
  private struct Disk {
    /// nil after a failure and when closed.
    var manifest: ManifestWriter?
    /// Size from which on it is replaced.
    var limit: UInt64
    var isClosed = false
  }

  private struct Shown {
    var version: Version
    var manifestNumber: UInt64
    var failure: DatabaseError?
  }

  /// What a fresh MANIFEST says, and the file, open.
  private struct Fresh {
    var version: Version
    var number: UInt64
    var manifest: ManifestWriter
  }

  /// File numbers end long before their counter could: larger ones are no engine's.
  static let numberLimit: UInt64 = 1 << 61

  private let directory: any Directory
  private let rolloverSize: UInt64
  private let counter: Atomic<UInt64>
  /// Held while the disk is written.
  private let disk: Monitor<Disk>
  /// Held for a moment.
  private let shown: Monitor<Shown>

  /// Writes `version` as a new MANIFEST in `directory`, makes it current, and goes on from there; the caller has
  /// recovered the directory, or makes it, and holds its lock. `rolloverSize` in bytes: a MANIFEST that is larger, and
  /// more than twice as large as the state it began with, is replaced.
  ///
  /// Throws `corruption` when `version` breaks a rule that every version keeps. When it throws after CURRENT may have
  /// been switched, the old and the new MANIFEST say the same, and both are there.
  init(_ version: Version, in directory: any Directory, rolloverSize: UInt64 = 64 << 20) throws(DatabaseError) {
    let free = try VersionSet.firstFreeNumber(version, in: directory)
    let version = VersionUpgrade.upgraded(version)
    if let violation = VersionInvariants.check(version.withNextFileNumber(free)).first, !Mutant.rulesNotKept.isOn {
      throw DatabaseError(.corruption, file: directory.path, "the MANIFEST breaks a rule: \(violation.detail)")
    }
    let counter = Atomic<UInt64>(free)
    let fresh = try VersionSet.write(version, in: directory, counter)
    try VersionSet.makeCurrent(fresh, in: directory)
    self.directory = directory
    self.rolloverSize = rolloverSize
    self.counter = counter
    disk = Monitor(Disk(manifest: fresh.manifest, limit: VersionSet.limit(fresh, rolloverSize)))
    shown = Monitor(Shown(version: fresh.version, manifestNumber: fresh.number))
  }

  var current: Version { shown.change { $0.version } }
  /// Of the MANIFEST that CURRENT names; after a failure, of the last one that is known to be.
  var manifestNumber: UInt64 { shown.change { $0.manifestNumber } }
  /// The first error after which the state on disk was unknown. While there is one, every install throws it and no
  /// file may be deleted.
  var failure: DatabaseError? { shown.change { $0.failure } }
  var nextFileNumber: UInt64 { counter.load(ordering: .relaxed) }

  /// A number that no file has or will have.
  func takeFileNumber() -> UInt64 { VersionSet.take(counter) }

  /// Applies edits that hold together, several as an atomic group; they are durable when it returns. `nextFileNumber`
  /// and `lastSequence` are filled in, and the epochs of new tables that have none: each is newer than all others.
  ///
  /// `publish` gets the new version while the next install still waits; it must not install. Edits that contradict the
  /// state throw `corruption` and change nothing.
  func install(
    _ edits: [VersionEdit], lastSequence: SequenceNumber, publish: (Version) -> Void = { _ in }
  ) throws(DatabaseError) {
    try exclusively { (disk: inout Disk) throws(DatabaseError) in
      if let failure { throw failure }
      guard let manifest = disk.manifest else { throw VersionSet.closed(directory) }
      let old = current
      let edits = filled(edits, over: old, lastSequence: lastSequence)
      var version = try VersionSet.apply(edits, to: old)
      assert(VersionInvariants.check(version).isEmpty, "\(VersionInvariants.check(version))")
      if let fresh = try append(edits, leadingTo: version, to: manifest, &disk) { version = fresh.version }
      shown.change { $0.version = version }
      publish(version)
    }
  }

  /// After a failure: writes the state as a fresh MANIFEST and goes on with it. The files of installs that failed are
  /// not part of it.
  func resume() throws(DatabaseError) {
    try exclusively { (disk: inout Disk) throws(DatabaseError) in
      guard !disk.isClosed else { throw VersionSet.closed(directory) }
      guard failure != nil else { return }
      let fresh = try begin(current, &disk)
      shown.change {
        $0.version = fresh.version
        if !Mutant.failureStaysForEver.isOn { $0.failure = nil }
      }
    }
  }

  /// Later installs throw. Closing again does nothing.
  func close() throws(DatabaseError) {
    try exclusively { (disk: inout Disk) throws(DatabaseError) in
      let manifest = disk.manifest
      disk.manifest = nil
      disk.isClosed = true
      try manifest?.close()
    }
  }

  private func exclusively(_ body: (inout Disk) throws(DatabaseError) -> Void) throws(DatabaseError) {
    let outcome = disk.change { disk in
      Result { () throws(DatabaseError) in try body(&disk) }
    }
    try outcome.get()
  }

  private static func closed(_ directory: any Directory) -> DatabaseError {
    DatabaseError(.invalid, file: directory.path, "the database is closed")
  }
}

// MARK: Edits

extension VersionSet {
  private func filled(
    _ edits: [VersionEdit], over version: Version, lastSequence: SequenceNumber
  ) -> [VersionEdit] {
    let lastSequence = max(lastSequence, version.lastSequence)
    let next = nextFileNumber
    var epochs: [UInt32: UInt64] = [:]
    var edits = edits
    for index in edits.indices {
      edits[index].nextFileNumber = next
      edits[index].lastSequence = lastSequence
      edits[index].remainingInGroup = edits.count > 1 ? UInt32(edits.count - 1 - index) : nil
      if edits[index].dropsFamily { edits[index].maxColumnFamily = version.maxColumnFamily }
      let id = edits[index].family
      for table in edits[index].newTables.indices where !edits[index].newTables[table].hasEpoch {
        let newest = epochs[id] ?? version.family(id)?.tables.lazy.compactMap(\.epoch).max() ?? 0
        let epoch = newest > 0 && Mutant.epochsReused.isOn ? newest : newest + 1
        edits[index].newTables[table].epoch = epoch
        epochs[id] = epoch
      }
    }
    return edits
  }

  private static func apply(_ edits: [VersionEdit], to version: Version) throws(DatabaseError) -> Version {
    var builder = VersionBuilder(version)
    for edit in edits { try builder.apply(edit) }
    return builder.build()
  }
}

// MARK: MANIFESTs

extension VersionSet {
  /// Makes `edits` durable: by appending them, or by a fresh MANIFEST of the version that they lead to, which is
  /// returned then.
  private func append(
    _ edits: [VersionEdit], leadingTo version: Version, to manifest: ManifestWriter, _ disk: inout Disk
  ) throws(DatabaseError) -> Fresh? {
    do throws(DatabaseError) {
      if manifest.size > disk.limit, let fresh = try rollOver(version, &disk) { return fresh }
      // Were two records pending at once, a crash could leave the second and not the first, and no reader could tell
      // that from a file gone bad.
      for edit in edits {
        try manifest.append([edit])
        if Mutant.syncsEndWithADrop.isOn, version.families.count <= Int(version.maxColumnFamily) { continue }
        try manifest.sync()
      }
      return nil
    } catch let first {
      do throws(DatabaseError) {
        if Mutant.manifestRemovedOnError.isOn { try directory.remove(DatabaseFile.manifest(manifestNumber).name) }
        return try begin(version, &disk)
      } catch {
        // Why the fresh one failed matters less than why it was needed.
        shown.change { $0.failure = first }
        throw first
      }
    }
  }

  /// nil when no fresh MANIFEST could be written: the one there is is as good as it was, and serves on for a while.
  /// Throws when it is not known which of the two is current.
  private func rollOver(_ version: Version, _ disk: inout Disk) throws(DatabaseError) -> Fresh? {
    let fresh: Fresh
    do throws(DatabaseError) {
      fresh = try VersionSet.write(version, in: directory, counter)
    } catch {
      disk.limit += rolloverSize
      return nil
    }
    try adopt(fresh, &disk)
    return fresh
  }

  /// Goes on with a fresh MANIFEST, whatever became of the one before.
  private func begin(_ version: Version, _ disk: inout Disk) throws(DatabaseError) -> Fresh {
    if let poisoned = disk.manifest {
      VersionSet.abandon(poisoned)
      disk.manifest = nil
    }
    let fresh = try VersionSet.write(version, in: directory, counter)
    try adopt(fresh, &disk)
    return fresh
  }

  private func adopt(_ fresh: Fresh, _ disk: inout Disk) throws(DatabaseError) {
    try VersionSet.makeCurrent(fresh, in: directory)
    // All of the old one is durable, and in the new one as well.
    if let old = disk.manifest { VersionSet.abandon(old) }
    disk.manifest = fresh.manifest
    disk.limit = VersionSet.limit(fresh, rolloverSize)
    shown.change { $0.manifestNumber = fresh.number }
  }

  /// Writes `version` as a MANIFEST under a new number.
  private static func write(
    _ version: Version, in directory: any Directory, _ counter: borrowing Atomic<UInt64>
  ) throws(DatabaseError) -> Fresh {
    let number = take(counter)
    let version = version.withNextFileNumber(counter.load(ordering: .relaxed))
    let manifest = try ManifestWriter.begin(version, as: DatabaseFile.manifest(number).name, in: directory)
    return Fresh(version: version, number: number, manifest: manifest)
  }

  /// When it throws, CURRENT may name the new MANIFEST or the old one; both stay.
  private static func makeCurrent(_ fresh: Fresh, in directory: any Directory) throws(DatabaseError) {
    do throws(DatabaseError) {
      try CurrentFile.replace(directory, manifest: fresh.number)
    } catch {
      abandon(fresh.manifest)
      if Mutant.newManifestRemovedOnError.isOn { try directory.remove(DatabaseFile.manifest(fresh.number).name) }
      throw error
    }
  }

  private static func abandon(_ manifest: ManifestWriter) {
    do throws(DatabaseError) { try manifest.close() } catch { /* Nothing that was promised depends on it. */  }
  }

  private static func limit(_ fresh: Fresh, _ rolloverSize: UInt64) -> UInt64 {
    max(rolloverSize, 2 * fresh.manifest.size)
  }

  private static func take(_ counter: borrowing Atomic<UInt64>) -> UInt64 {
    counter.wrappingAdd(1, ordering: .relaxed).oldValue
  }
}

// MARK: What is found

extension VersionSet {
  /// Also larger than what crashes left behind, whatever it is: no file is ever written twice.
  private static func firstFreeNumber(
    _ version: Version, in directory: any Directory
  ) throws(DatabaseError) -> UInt64 {
    guard version.nextFileNumber < numberLimit else {
      throw DatabaseError(.corruption, file: directory.path, "the MANIFEST has used up the file numbers")
    }
    var free = max(version.nextFileNumber, 1)
    for entry in try directory.entries() where !Mutant.numbersTakenAgain.isOn {
      if let number = DatabaseFile(name: entry.name).number, number < numberLimit { free = max(free, number + 1) }
    }
    return free
  }
}

extension Version {
  func withNextFileNumber(_ number: UInt64) -> Version {
    Version(
      families: families, lastSequence: lastSequence, nextFileNumber: number, previousLogNumber: previousLogNumber,
      minLogNumberToKeep: minLogNumberToKeep, maxColumnFamily: maxColumnFamily, databaseID: databaseID,
      trackedLogs: trackedLogs, dialect: dialect, passedOver: passedOver)
  }
}
