/// What a `VersionSet` does on a sound disk: numbers, epochs, groups, rollover, threads.
import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct VersionSetTests {
  private func edit(_ number: UInt64, level: Int = 0, sequence: UInt64 = 10) -> VersionEdit {
    var edit = VersionEdit()
    let key = "k\(number)"
    edit.newTables = [
      ManifestWriterTests.table(number, level: level, key, key, sequence...sequence, epoch: nil)
    ]
    return edit
  }

  private func stored(_ system: SimulatedFileSystem) throws -> ManifestHistory {
    try ManifestReader.readCurrent(system.readableDirectory(at: "db"), keepingRecords: true)
  }

  @Test func createsADatabase() throws {
    let system = SimulatedFileSystem()
    let version = ManifestWriterTests.version([], lastSequence: 0, next: 0)
    let set = try VersionSet(version, in: system.directory(at: "db"))
    #expect(set.manifestNumber == 1 && set.nextFileNumber == 2 && set.failure == nil)
    #expect(try stored(system).version == set.current)
    try set.close()
    try set.close()
    #expect(system.unclosedFiles.isEmpty && system.openHandles == 0)
    #expect(throws: DatabaseError.self) { try set.install([edit(9)], lastSequence: 10) }
    #expect(throws: DatabaseError.self) { try set.resume() }
    #expect(try stored(system).version.tableCount == 0)
  }

  @Test func fillsInNumbersAndEpochs() throws {
    let system = SimulatedFileSystem()
    let set = try VersionSet(ManifestWriterTests.version([], lastSequence: 7, next: 4), in: system.directory(at: "db"))
    let numbers = (0..<3).map { _ in set.takeFileNumber() }
    #expect(numbers == [5, 6, 7])
    var seen: [Int] = []
    try set.install([edit(5)], lastSequence: 12) { seen.append($0.tableCount) }
    // A caller that took its sequence number before another install does not turn it back.
    try set.install([edit(6), edit(7)], lastSequence: 11) { seen.append($0.tableCount) }
    #expect(seen == [1, 3] && set.current.lastSequence == 12 && set.current.nextFileNumber == 8)
    #expect(set.current.families[0].levels[0].map(\.number) == [7, 6, 5])
    #expect(set.current.families[0].levels[0].map(\.epoch) == [3, 2, 1])
    let history = try stored(system)
    #expect(history.isClean && history.version == set.current)
    #expect(history.records.suffix(3).map(\.edit.remainingInGroup) == [nil, 1, 0])
    #expect(history.records.suffix(3).allSatisfy { $0.edit.lastSequence == 12 && $0.edit.nextFileNumber == 8 })
  }

  @Test func aContradictionChangesNothing() throws {
    let system = SimulatedFileSystem()
    let set = try VersionSet(VersionSetCase.version(), in: system.directory(at: "db"))
    let before = set.current
    var wrong = VersionEdit()
    wrong.deletedTables = [.init(level: 3, number: 10)]
    #expect(throws: DatabaseError.self) {
      try set.install([edit(20), wrong], lastSequence: 10) { _ in Issue.record("nothing is published") }
    }
    #expect(set.current === before && set.failure == nil)
    try set.install([edit(20)], lastSequence: 10)
    #expect(try stored(system).version == set.current)
  }

  // Museum B8, G1: a number that is in use on disk, by whatever a crash left, is never taken again.
  @Test func B8_G1_numbersOnDiskAreInUse() throws {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    for name in ["000680.sst", "MANIFEST-000690", "000031.log", "9223372036854775808.ldb", "999999.jpg"] {
      try directory.create(name).close()
    }
    let set = try VersionSet(VersionSetCase.version(), in: directory)
    #expect(set.manifestNumber == 691 && set.nextFileNumber == 692)
    #expect(try directory.attributes(of: "MANIFEST-000690")?.size == 0)
    #expect(throws: DatabaseError.self) {
      try VersionSet(VersionSetCase.version(nextFileNumber: .max), in: directory)
    }
  }

  @Test func D3_aBrokenVersionIsRefused() throws {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    let overlap = ManifestWriterTests.version([
      ManifestWriterTests.table(10, level: 1, "a", "f", 1...2),
      ManifestWriterTests.table(11, level: 1, "b", "c", 1...2),
    ])
    #expect(throws: DatabaseError.self) { try VersionSet(overlap, in: directory) }
    #expect(try directory.entries().isEmpty)
  }

  @Test func rollsOverWhenItHasGrown() throws {
    let system = SimulatedFileSystem(disk: try VersionSetCase.start())
    let set = try VersionSetCase.open(system)
    var manifests: Set<UInt64> = [set.manifestNumber]
    for index in 0..<VersionSetCase.stepCount {
      try VersionSetCase.install(index, into: set)
      let history = try stored(system)
      #expect(history.version == set.current && history.isClean)
      #expect(history.name == DatabaseFile.manifest(set.manifestNumber).name)
      manifests.insert(set.manifestNumber)
    }
    #expect((2...4).contains(manifests.count), "\(manifests)")
    // The old ones are left to the collection.
    let names = try system.directory(at: "db").entries().map(\.name)
    #expect(names.count { $0.hasPrefix("MANIFEST") } == manifests.count + 1)
    #expect(VersionSetCase.state(set.current) == VersionSetCase.states.last)
    try set.close()
    #expect(system.unclosedFiles.isEmpty)
  }

  // A rollover that does not fit the disk is put off; the installs do not suffer.
  @Test func aRolloverWithoutSpaceIsPutOff() throws {
    let system = SimulatedFileSystem(disk: try VersionSetCase.start())
    let set = try VersionSetCase.open(system)
    let first = set.manifestNumber
    system.faults = .all([.create], .fail(28))
    for index in 0..<VersionSetCase.stepCount { try VersionSetCase.install(index, into: set) }
    #expect(set.manifestNumber == first && set.failure == nil)
    #expect(try VersionSetCase.steps(system) == VersionSetCase.stepCount)
    system.faults = .none
    for number in UInt64(200)..<220 { try set.install([edit(number, sequence: number)], lastSequence: 300) }
    #expect(set.manifestNumber != first)
    #expect(try stored(system).version == set.current)
  }

  // Museum E12: installs race; each is whole, none is lost, and views come in their order.
  @Test func E12_installsFromManyThreads() throws {
    let system = SimulatedFileSystem()
    let set = try VersionSet(
      ManifestWriterTests.version([], lastSequence: 7, next: 4), in: system.directory(at: "db"), rolloverSize: 2000)
    let published = Mutex<[Int]>([])
    let taken = Mutex<[UInt64]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      for _ in 0..<20 {
        let numbers = [set.takeFileNumber(), set.takeFileNumber()]
        taken.withLock { $0 += numbers }
        do {
          try set.install(numbers.map { edit($0, level: 2) }, lastSequence: 10) { version in
            published.withLock { $0.append(version.tableCount) }
          }
        } catch { Issue.record("\(worker): \(error)") }
        #expect(set.current.tableCount.isMultiple(of: 2))
      }
    }
    #expect(published.withLock { $0 } == (1...160).map { $0 * 2 })
    let numbers = taken.withLock { $0 }
    #expect(Set(numbers).count == 320)
    let history = try stored(system)
    #expect(history.isClean && history.version == set.current)
    #expect(Set(history.version.families[0].tables.map(\.number)) == Set(numbers))
  }

  // Readers of the version do not wait for a disk that is slow to sync.
  @Test func readersDoNotWaitForTheDisk() throws {
    let system = SimulatedFileSystem()
    let set = try VersionSet(VersionSetCase.version(), in: system.directory(at: "db"))
    let reached = DispatchSemaphore(value: 0)
    let goOn = DispatchSemaphore(value: 0)
    system.faults = FaultPlan { call in
      guard call.kind == .syncFile else { return nil }
      reached.signal()
      return goOn.wait(timeout: .now() + 20) == .success ? nil : .fail(5)
    }
    let done = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      do { try set.install([edit(20)], lastSequence: 10) } catch { Issue.record("\(error)") }
      done.signal()
    }
    #expect(reached.wait(timeout: .now() + 20) == .success)
    #expect(set.current.tableCount == 1 && set.failure == nil && set.manifestNumber > 0)
    _ = set.takeFileNumber()
    goOn.signal()
    #expect(done.wait(timeout: .now() + 20) == .success)
    #expect(set.current.tableCount == 2)
  }
}
