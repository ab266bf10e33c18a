import SofaTesting
import Testing

@testable import SofaDB

struct CheckpointTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func aCheckpointIsADatabaseOfItsOwn() throws {
    let disk = SimulatedFileSystem(directories: ["disk"])
    var options = DatabaseOptions()
    options.createsMissingFamilies = true
    let database = try Database.open("disk/db", options: options, families: ["more": FamilyOptions()], in: disk)
    let more = try #require(database.family(named: "more"))
    for index in 0..<500 { try database.put(bytes("key\(index)"), bytes("value\(index)")) }
    try database.put(bytes("a"), bytes("b"), in: more)
    try database.checkpoint(to: "disk/copy", in: disk)
    try database.put(bytes("key1"), bytes("later"))
    try database.delete(bytes("key2"))
    try database.compactRange()

    let copy = try Database.open("disk/copy", in: disk)
    #expect(try copy.get(bytes("key1")) == bytes("value1"))
    #expect(try copy.get(bytes("key2")) == bytes("value2"))
    #expect(try copy.get(bytes("a"), in: copy.family(named: "more")) == bytes("b"))
    try copy.put(bytes("only"), bytes("here"))
    #expect(try database.get(bytes("only")) == nil)
    #expect(try database.get(bytes("key1")) == bytes("later"))
    try copy.close()
    try database.close()
  }

  @Test func whatExistsIsNotOverwritten() throws {
    let disk = SimulatedFileSystem(directories: ["disk"])
    let database = try Database.open("disk/db", in: disk)
    try database.put([1], [2])
    try database.checkpoint(to: "disk/copy", in: disk)
    #expect(throws: DatabaseError.self) { try database.checkpoint(to: "disk/copy", in: disk) }
    #expect(throws: DatabaseError.self) { try database.checkpoint(to: "disk/db", in: disk) }
    #expect(try database.get([1]) == [2])
    try database.close()
  }

  /// A4, A7: a crash leaves no checkpoint, or a whole one, without a log whose end might not be synced.
  @Test func A4_A7_aCrashLeavesAWholeCheckpointOrNone() throws {
    let options = DatabaseModel.Setting(0).options
    let report = enumerateCrashes(from: SimulatedFileSystem(directories: ["disk"]).disk) { disk in
      let database = try Database.open("disk/db", options: options, in: disk)
      for index in 0..<30 { try database.put([UInt8(index)], [UInt8](repeating: UInt8(index), count: 50)) }
      try database.checkpoint(to: "disk/copy", in: disk)
      disk.milestone += 1
      try database.close()
    } check: { image in
      guard try image.fileSystem.attributes(at: "disk/copy") != nil else {
        try #require(image.milestone == 0)
        return
      }
      let names = try image.fileSystem.readableDirectory(at: "disk/copy").entries().map(\.name)
      try #require(!names.contains { $0.hasSuffix(".log") })
      let copy = try Database.open("disk/copy", options: options, in: image.fileSystem)
      for index in 0..<30 {
        try #require(try copy.get([UInt8(index)]) == [UInt8](repeating: UInt8(index), count: 50))
      }
      try copy.close()
    }
    #expect(report.failures.isEmpty, "\(report)")
    #expect(report.distinct > 20)
  }
}
