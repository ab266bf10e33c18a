/// The canaries of crash and fault enumeration: a tiny store that commits as a database does, and the same store with
/// one defect each, which must be found. If a canary lives, the enumeration proves nothing.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct CommitProtocolTests {
  private func crash(_ defect: TinyStore.Defect?, profiles: [Persistence] = Persistence.allCases) -> CrashReport {
    var options = CrashOptions()
    options.profiles = profiles
    options.sectorSize = 4
    return enumerateCrashes(options: options) { system in
      let store = try TinyStore(system, defect: defect)
      for value in 1...8 {
        try store.commit(value)
        system.milestone = value
      }
    } check: { image in
      try TinyStore.check(image.fileSystem, atLeast: image.milestone)
    }
  }

  @Test func theProtocolSurvivesEveryCrash() {
    let report = crash(nil)
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 100 && report.images > 500, "\(report)")
  }

  @Test(arguments: TinyStore.Defect.foundByCrashes) func everyDefectIsFound(defect: TinyStore.Defect) {
    #expect(!crash(defect).failures.isEmpty)
  }

  // Museum A8: the new MANIFEST and the marker that names it became durable by one sync of the directory.
  @Test func twoNamesByOneSyncNeedReordering() {
    #expect(crash(.oneDirectorySync, profiles: [.strict, .everything, .ordered]).failures.isEmpty)
    #expect(!crash(.oneDirectorySync, profiles: [.reordered]).failures.isEmpty)
  }

  @Test func theCrashOfARecoveryIsSurvivedToo() {
    var nested = 0
    var options = CrashOptions()
    options.profiles = [.strict, .reordered]
    let report = enumerateCrashes(options: options) { system in
      let store = try TinyStore(system, defect: nil)
      for value in 1...2 {
        try store.commit(value)
        system.milestone = value
      }
    } check: { image in
      let inner = enumerateCrashes(from: image.fileSystem.disk, options: options) { system in
        let store = try TinyStore(system, defect: nil)
        system.milestone = image.milestone
        try store.commit(9)
        system.milestone = 9
      } check: { second in
        try TinyStore.check(second.fileSystem, atLeast: max(second.milestone, 0))
      }
      nested += inner.distinct
      if !inner.failures.isEmpty { throw TinyStore.Broken(reason: "\(inner)") }
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(nested > 100)
  }

  private func fail(_ defect: TinyStore.Defect?, lasting duration: FaultDuration = .once) -> FaultReport {
    enumerateFaults(lasting: duration) { system in
      let store = try TinyStore(system, defect: defect)
      for value in 1...3 {
        try store.commit(value)
        system.milestone = value
      }
    } check: { outcome in
      try TinyStore.check(outcome.fileSystem, atLeast: outcome.milestone)
    }
  }

  @Test(arguments: [FaultDuration.once, .forEver, .calls(3)])
  func theProtocolSurvivesEveryFault(duration: FaultDuration) {
    let report = fail(nil, lasting: duration)
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.runs > 100)
  }

  @Test(arguments: TinyStore.Defect.foundByFaults) func everyFaultyDefectIsFound(defect: TinyStore.Defect) {
    #expect(!fail(defect).failures.isEmpty)
  }

  @Test func skippedSyncsAreFound() {
    let clean = SimulatedFileSystem()
    func run(_ system: SimulatedFileSystem) throws {
      let store = try TinyStore(system, defect: nil)
      for value in 1...2 {
        try store.commit(value)
        system.milestone = value
      }
    }
    #expect(throws: Never.self) { try run(clean) }
    let syncs = clean.operations.filter { $0.kind == .syncFile || $0.kind == .syncDirectory }
    for sync in syncs.dropLast() {
      let report = enumerateCrashes { system in
        system.faults = .at(sync.index, .skipped)
        try run(system)
      } check: { image in
        try TinyStore.check(image.fileSystem, atLeast: image.milestone)
      }
      #expect(!report.failures.isEmpty, "\(sync) is not needed")
    }
  }
}

/// Keeps one number in a file that CURRENT names.
final class TinyStore {
  struct Broken: Error {
    var reason: String
  }

  enum Defect: CaseIterable {
    case contentNotSynced, oneDirectorySync, markerNotSynced, renameNotSynced, oldRemovedEarly, markerReplacedInPlace
    case syncErrorIgnored, syncRetried, removedAfterFailedRename, closeErrorIgnored

    static let foundByCrashes: [Defect] = [
      .contentNotSynced, .oneDirectorySync, .markerNotSynced, .renameNotSynced, .oldRemovedEarly,
      .markerReplacedInPlace,
    ]
    static let foundByFaults: [Defect] = [
      .syncErrorIgnored, .syncRetried, .removedAfterFailedRename, .closeErrorIgnored,
    ]
  }

  private let directory: any Directory
  private let defect: Defect?
  private var next: Int

  init(_ system: SimulatedFileSystem, defect: Defect?) throws {
    directory = try system.directory(at: "db")
    self.defect = defect
    next = 1 + (try directory.entries().compactMap { DatabaseFile(name: $0.name).number }.max().map(Int.init) ?? 0)
  }

  func commit(_ value: Int) throws {
    let manifest = DatabaseFile.manifest(UInt64(next)).name
    let temporary = DatabaseFile.temporary(UInt64(next)).name
    let old =
      try directory.attributes(of: "CURRENT") == nil
      ? nil : String(try TinyStore.text("CURRENT", in: directory).dropLast())
    next += 1
    try write("value \(value).", to: manifest, synced: defect != .contentNotSynced)
    if defect != .oneDirectorySync { try directory.sync() }
    if defect == .markerReplacedInPlace {
      if old != nil { try directory.remove("CURRENT") }
      try write(manifest + "\n", to: "CURRENT", synced: true)
    } else {
      try write(manifest + "\n", to: temporary, synced: defect != .markerNotSynced)
      try switchMarker(temporary, manifest)
    }
    if defect == .oldRemovedEarly, let old { try directory.remove(old) }
    if defect != .renameNotSynced { try directory.sync() }
    if defect != .oldRemovedEarly, let old { try directory.remove(old) }
  }

  private func switchMarker(_ temporary: String, _ manifest: String) throws {
    do {
      try directory.rename(temporary, to: "CURRENT", replacing: true)
    } catch {
      if defect == .removedAfterFailedRename { try directory.remove(manifest) }
      throw error
    }
  }

  private func write(_ text: String, to name: String, synced: Bool) throws {
    let file = try directory.create(name)
    try Array(text.utf8).withUnsafeBytes { try file.append($0) }
    if synced {
      do {
        try file.sync()
      } catch {
        if defect == .syncRetried {
          try file.sync()
        } else if defect != .syncErrorIgnored {
          try file.close()
          throw error
        }
      }
    }
    do {
      try file.close()
    } catch {
      if defect != .closeErrorIgnored { throw error }
    }
  }

  private static func text(_ name: String, in directory: any ReadableDirectory) throws -> String {
    let file = try directory.open(name)
    let content = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(content) { String(decoding: content.bytes, as: UTF8.self) }
  }

  /// Opens the store as a fresh process would and finds a committed value.
  static func check(_ system: SimulatedFileSystem, atLeast milestone: Int) throws {
    let directory = try system.directory(at: "db")
    guard try directory.attributes(of: "CURRENT") != nil else {
      if milestone > 0 { throw Broken(reason: "CURRENT is missing") }
      return
    }
    let marker = try text("CURRENT", in: directory)
    guard marker.hasSuffix("\n"), case .manifest = DatabaseFile(name: String(marker.dropLast())) else {
      throw Broken(reason: "CURRENT holds \(marker.debugDescription)")
    }
    let content = try text(String(marker.dropLast()), in: directory)
    guard content.hasPrefix("value "), content.hasSuffix("."), let value = Int(content.dropFirst(6).dropLast()) else {
      throw Broken(reason: "\(marker) holds \(content.debugDescription)")
    }
    if value < milestone { throw Broken(reason: "\(value) is older than what was promised, \(milestone)") }
  }
}
