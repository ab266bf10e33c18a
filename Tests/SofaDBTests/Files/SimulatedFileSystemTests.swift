/// What the simulated disk keeps, loses and reports.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct SimulatedFileSystemTests {
  private func append(_ text: String, to file: any AppendFile) throws {
    try Array(text.utf8).withUnsafeBytes { try file.append($0) }
  }

  private func text(_ system: SimulatedFileSystem, _ name: String) throws -> String? {
    let directory = try system.directory(at: "db")
    guard try directory.attributes(of: name) != nil else { return nil }
    let file = try directory.open(name)
    let content = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(content) { String(decoding: content.bytes, as: UTF8.self) }
  }

  /// The texts of `name` in all images after the last call of `scenario`; "-" where it is missing.
  private func left(
    _ name: String, _ profile: Persistence, _ scenario: (any Directory, SimulatedFileSystem) throws -> Void
  ) throws -> Set<String> {
    var options = CrashOptions()
    options.profiles = [profile]
    options.sectorSize = 4
    var found: Set<String> = []
    let report = enumerateCrashes(options: options) { system in
      try scenario(try system.directory(at: "db"), system)
      system.milestone = 1
    } check: { image in
      if image.milestone == 1 { found.insert(try text(image.fileSystem, name) ?? "-") }
    }
    #expect(report.failures.isEmpty, "\(report)")
    return found
  }

  @Test func namesAndBytesAreDurableOnTheirOwn() throws {
    func scenario(_ directory: any Directory, syncFile: Bool, syncName: Bool) throws {
      let file = try directory.create("a")
      try append("data", to: file)
      if syncFile { try file.sync() }
      try file.close()
      if syncName { try directory.sync() }
    }
    #expect(try left("a", .strict) { d, _ in try scenario(d, syncFile: false, syncName: false) } == ["-"])
    #expect(try left("a", .strict) { d, _ in try scenario(d, syncFile: true, syncName: false) } == ["-"])
    #expect(try left("a", .strict) { d, _ in try scenario(d, syncFile: false, syncName: true) } == [""])
    #expect(try left("a", .strict) { d, _ in try scenario(d, syncFile: true, syncName: true) } == ["data"])
    #expect(try left("a", .everything) { d, _ in try scenario(d, syncFile: false, syncName: false) } == ["data"])
    #expect(try left("a", .reordered) { d, _ in try scenario(d, syncFile: true, syncName: false) } == ["-", "data"])
    #expect(try left("a", .ordered) { d, _ in try scenario(d, syncFile: false, syncName: false) } == ["-", "", "data"])
  }

  @Test func writesAndRenamesAreReordered() throws {
    let writes = try left("a", .reordered) { directory, _ in
      let file = try directory.create("a")
      try directory.sync()
      try append("old", to: file)
      try file.sync()
      try append("12", to: file)
      try append("34", to: file)
      try file.close()
    }
    #expect(writes == ["old", "old12", "old\0\0" + "34", "old1234"])
    let renames = try left("a", .reordered) { directory, system in
      for name in ["a", "b"] {
        let file = try directory.create(name)
        try append(name, to: file)
        try file.sync()
        try file.close()
      }
      try directory.sync()
      try directory.rename("b", to: "a", replacing: true)
    }
    #expect(renames == ["a", "b"])
  }

  @Test func removalsPersistOrRevert() throws {
    func scenario(_ directory: any Directory) throws {
      for name in ["a", "b"] { try directory.create(name).close() }
      try directory.sync()
      try directory.remove("a")
      try directory.remove("b")
    }
    var seen: Set<[String]> = []
    enumerateCrashes { system in
      try scenario(try system.directory(at: "db"))
      system.milestone = 1
    } check: { image in
      guard image.milestone == 1 else { return }
      seen.insert(try image.fileSystem.directory(at: "db").entries().map(\.name).sorted())
    }
    #expect(seen == [[], ["a"], ["b"], ["a", "b"]])
  }

  @Test func tornWritesKeepWhatWasSynced() throws {
    let found = try left("a", .torn) { directory, _ in
      let file = try directory.create("a")
      try directory.sync()
      try append("synced", to: file)
      try file.sync()
      try append("0123456789", to: file)
      try file.close()
    }
    #expect(found.allSatisfy { $0.hasPrefix("synced") })
    #expect(found.isSuperset(of: ["synced01", "synced012345", "synced" + String(repeating: "\0", count: 10)]))
    #expect(found.count > 10)
  }

  // Museum C15: after a failed sync the next one succeeds, and the bytes are gone.
  @Test func aSecondSyncLies() throws {
    for fault in [Fault.losesPending(EIO), .revertsPending(EIO)] {
      let found = try left("a", .everything) { directory, system in
        let file = try directory.create("a")
        try append("lost", to: file)
        system.faults = FaultPlan { $0.kind == .syncFile ? fault : nil }
        #expect(throws: DatabaseError.self) { try file.sync() }
        system.faults = .none
        try file.sync()
        #expect(try text(system, "a") == (fault == .losesPending(EIO) ? "lost" : "\0\0\0\0"))
        try file.close()
      }
      #expect(found == ["\0\0\0\0"])
    }
  }

  @Test func lateErrorsArriveAtClose() throws {
    let system = SimulatedFileSystem()
    let file = try system.directory(at: "db").create("a")
    system.faults = .all([.syncFile], .failsLate(EIO))
    try file.sync()
    let error = #expect(throws: DatabaseError.self) { try file.close() }
    #expect(error?.kind == .io(EIO))
  }

  @Test func faultsLeaveWhatTheySay() throws {
    func run(_ fault: Fault, _ kind: FileOperation.Kind, _ body: (any Directory) throws -> Void) throws -> [String] {
      let system = SimulatedFileSystem()
      let directory = try system.directory(at: "db")
      try directory.create("a").close()
      system.faults = .all([kind], fault)
      #expect(throws: DatabaseError.self) { try body(directory) }
      system.faults = .none
      return try directory.entries().map(\.name).sorted()
    }
    #expect(try run(.fail(EIO), .rename) { try $0.rename("a", to: "b", replacing: true) } == ["a"])
    #expect(try run(.failDone(EIO), .rename) { try $0.rename("a", to: "b", replacing: true) } == ["b"])
    #expect(try run(.failDone(EIO), .create) { _ = try $0.create("b") } == ["a", "b"])
    #expect(try run(.fail(ENOSPC), .create) { _ = try $0.create("b") } == ["a"])

    let system = SimulatedFileSystem()
    let file = try system.directory(at: "db").create("a")
    system.faults = .all([.append], .partialWrite(ENOSPC))
    let error = #expect(throws: DatabaseError.self) { try append("12345678", to: file) }
    #expect(error?.kind == .noSpace)
    #expect(file.size == 4)
    system.faults = .none
    #expect(try text(system, "a") == "1234")
    try file.close()
  }

  @Test func plansCompose() throws {
    let plan = FaultPlan.during(3..<5, .fail(EIO)).or(.all([.create], named: { $0 == "x" }, .fail(ENOSPC)))
    #expect(plan.fault(FileOperation(index: 4, kind: .list, path: "db")) == .fail(EIO))
    #expect(plan.fault(FileOperation(index: 5, kind: .list, path: "db")) == nil)
    #expect(plan.fault(FileOperation(index: 9, kind: .create, path: "db/x")) == .fail(ENOSPC))
    #expect(plan.fault(FileOperation(index: 9, kind: .create, path: "db/y")) == nil)
  }

  @Test func whatIsForgottenIsReported() throws {
    let system = SimulatedFileSystem()
    do {
      let directory = try system.directory(at: "db")
      _ = try directory.create("a")
      let reader = try directory.open("a")
      #expect(system.openHandles == 1)
      _ = reader.size
    }
    #expect(system.unclosedFiles == ["db/a"])
    #expect(system.openHandles == 0)
  }

  @Test func treesGoInAndOut() throws {
    let system = SimulatedFileSystem(directories: ["db/inner"])
    let inner = try system.directory(at: "db/inner")
    let file = try inner.create("a")
    try append("text", to: file)
    try file.close()
    let temporary = try TemporaryDirectory()
    try system.export(as: "out", into: temporary.path)
    let back = try SimulatedFileSystem.importing(temporary.path + "/out")
    #expect(try back.directory(at: "db/inner").attributes(of: "a")?.size == 4)
    #expect(back.operations.count == 2)
  }

  @Test func memoryOfRemovedFilesIsFreed() throws {
    let system = SimulatedFileSystem()
    let directory = try system.directory(at: "db")
    for index in 0..<100 {
      let file = try directory.create("\(index)")
      try append(String(repeating: "x", count: 1000), to: file)
      try file.close()
      try directory.sync()
      try directory.remove("\(index)")
    }
    try directory.sync()
    #expect(try directory.entries().isEmpty)
    #expect(system.fileCount == 0)
  }
}
