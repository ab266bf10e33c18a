import Glibc
import SofaTesting
import Testing

@testable import SofaDB

/// What an open database leaves in its OPTIONS file, and takes from it.
struct StatedOptionsTests {
  private let disk = SimulatedFileSystem(directories: ["disk"])
  private static let numbers: [UInt8] = [5, 0, 0, 0, 0, 0, 0, 0]

  private func optionsFiles() throws -> [String] {
    try disk.directory(at: "disk/db").entries().map(\.name).filter { $0.hasPrefix("OPTIONS") }.sorted()
  }

  private func newest() throws -> OptionsFile {
    try #require(try OptionsFile.newest(in: disk.readableDirectory(at: "disk/db"))).options
  }

  @Test func theOptionsAreWrittenWhereTheyDiffer() throws {
    var options = DatabaseOptions()
    options.familyDefaults.compression = .snappy
    let database = try Database.open("disk/db", options: options, in: disk)
    #expect(try newest().families.map(\.name) == ["default"])
    #expect(try newest().families[0].options["compression"] == "kSnappyCompression")
    var counting = FamilyOptions()
    counting.mergeOperator = .uint64Add
    counting.order = .reverseBytewise
    let family = try database.createFamily("counts", options: counting)
    let stated = try #require(try newest().family(named: "counts"))
    #expect(stated.comparator == KeyOrder.reverseBytewise.name && stated.mergeOperator?.name == "UInt64AddOperator")
    let other = try database.createFamily("other")
    try database.dropFamily(other)
    #expect(try newest().family(named: "other") == nil)
    try database.merge([1], Self.numbers, in: family)
    try database.close()

    let files = try optionsFiles()
    let again = try Database.open("disk/db", options: options, families: ["counts": counting], in: disk)
    #expect(try optionsFiles() == files && files.count <= ObsoleteFiles.keptOptions)
    try again.close()
  }

  /// Merges are read by whoever opens without saying how.
  @Test func aFamilysMergeOperatorIsRemembered() throws {
    var appending = FamilyOptions()
    appending.mergeOperator = .stringAppend(delimiter: [UInt8(ascii: "|")])
    var options = DatabaseOptions()
    options.createsMissingFamilies = true
    let families = ["default": appending, "lines": appending]
    let database = try Database.open("disk/db", options: options, families: families, in: disk)
    for key in [UInt8(1), 2] {
      try database.merge([key], [0x61])
      try database.merge([key], [0x62], in: database.family(named: "lines"))
      try database.merge([key], [0x63], in: database.family(named: "lines"))
      if key == 1 { try database.flush() }
    }
    try database.checkpoint(to: "disk/copy", in: disk)
    try database.close()
    for path in ["disk/db", "disk/copy"] {
      let plain = try Database.open(path, in: disk)
      #expect(try plain.get([2]) == [0x61])
      #expect(try plain.get([1], in: plain.family(named: "lines")) == Array("b|c".utf8))
      try plain.merge([1], [0x64])
      try plain.compactRange()
      #expect(try plain.get([1]) == Array("a|d".utf8))
      try plain.close()
      let reader = try ReadOnlyDatabase.open(path, in: disk)
      #expect(try reader.get([2], in: reader.family(named: "lines")) == Array("b|c".utf8))
    }
  }

  /// A delimiter that is not told is not guessed, and one that RocksDB's parser would spoil is not told.
  @Test func nothingIsGuessed() throws {
    func adopted(_ value: String) -> MergeOperator? {
      let file = OptionsFileTests.parse("[CFOptions \"default\"]\n  merge_operator=\(value)\n")
      return FamilyOptions().adopting(file.family(named: "default")).mergeOperator
    }
    #expect(adopted("StringAppendOperator") == nil)
    #expect(adopted("{id=StringAppendOperator;}") == nil)
    #expect(adopted("nullptr") == nil)
    #expect(adopted("MyOperator") == nil)
    #expect(adopted("{id=StringAppendOperator;delimiter=,;}") == .stringAppend(delimiter: [0x2C]))
    #expect(adopted("UInt64AddOperator") == .uint64Add)
    var spaced = FamilyOptions()
    spaced.mergeOperator = .stringAppend(delimiter: [0x20])
    var options = DatabaseOptions()
    options.familyDefaults = spaced
    try Database.open("disk/db", options: options, in: disk).close()
    #expect(try newest().families[0].mergeOperator == nil)
  }

  /// Where the file cannot be written the database works, and says so; the next opening writes it.
  @Test(arguments: [FileOperation.Kind.create, .append, .syncFile, .closeFile, .rename])
  func aFailureHarmsNothing(kind: FileOperation.Kind) throws {
    try Database.open("disk/db", in: disk).close()
    let before = try newest()
    let failures = Monitor<Int>(0)
    var options = DatabaseOptions()
    options.familyDefaults.compression = .zstd
    options.onEvent = { event in if case .optionsNotWritten = event { failures.change { $0 += 1 } } }
    disk.faults = .all([kind], named: { $0.hasPrefix("OPTIONS") }, kind == .closeFile ? .failDone(EIO) : .fail(ENOSPC))
    let database = try Database.open("disk/db", options: options, in: disk)
    try database.put([1], [2])
    #expect(failures.change { $0 } == 1)
    #expect(try newest() == before)
    _ = try database.createFamily("more")
    #expect(failures.change { $0 } == 2)
    try database.close()
    disk.faults = .none
    let again = try Database.open("disk/db", options: options, in: disk)
    #expect(try again.get([1]) == [2])
    #expect(try newest().families.map(\.name) == ["default", "more"])
    #expect(try optionsFiles().allSatisfy { !$0.hasSuffix(".dbtmp") })
    try again.close()
  }
}
