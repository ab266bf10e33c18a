/// The OPTIONS files of open databases, read by RocksDB's own `ldb --try_load_options`, which refuses a file that it
/// does not understand, and cannot read merges without the operator that the file names.
import Foundation
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct OptionsOracleTests {
  /// Two sets of options that together say everything in more than one way.
  private static func options(_ index: Int) -> FamilyOptions {
    var family = FamilyOptions()
    if index == 1 {
      family.compaction.style = .universal
      family.tables.indexType = .twoLevel
      family.tables.hashesDataBlocks = true
      family.tables.prefixLength = 2
      family.tables.checksum = .xxh3
      family.tables.filterBitsPerKey = 9.5
      family.compression = .none
      family.bottomCompression = .lz4hc
    } else if index == 2 {
      family.tables.formatVersion = 4
      family.tables.checksum = .xxHash64
      family.tables.filterBitsPerKey = 0
      family.compression = .snappy
      family.bottomCompression = .zlib
    }
    return family
  }

  @Test(.enabled(if: ChildProcess.find("ldb") != nil, "ldb is not installed"), arguments: 0..<3)
  func ldbLoadsTheOptions(index: Int) throws {
    guard let tool = ChildProcess.find("ldb") else { return }
    let directory = try TemporaryDirectory()
    let path = directory.path + "/db"
    var appending = Self.options(index)
    appending.mergeOperator = .stringAppend(delimiter: Array("#:".utf8))
    var largest = Self.options(index)
    largest.mergeOperator = .max
    largest.order = .reverseBytewise
    var options = DatabaseOptions()
    options.createsMissingFamilies = true
    let database = try Database.open(path, options: options, families: ["default": appending, "largest": largest])
    let other = try #require(database.family(named: "largest"))
    for operand in ["a", "c", "b"] {
      try database.merge(Array("key".utf8), Array(operand.utf8))
      try database.merge(Array("key".utf8), Array(operand.utf8), in: other)
      try database.flush()
    }
    try database.put(Array("z".utf8), Array("1".utf8), in: other)
    try database.close()

    let base = ["--db=" + path, "--try_load_options"]
    for (family, lines) in [("default", ["key : a#:c#:b"]), ("largest", ["z : 1", "key : c"])] {
      let outcome = try ChildProcess.run(tool, base + ["--column_family=" + family, "scan"])
      #expect(outcome.status == 0 && outcome.lines == lines, "\(family): \(outcome.lines), \(outcome.errors)")
    }
    let outcome = try ChildProcess.run(tool, base + ["put", "key", "new"])
    #expect(outcome.status == 0, "\(outcome.errors)")

    // RocksDB has written a file of its own since; what it says is what we said.
    let again = try Database.open(path)
    #expect(try again.get(Array("key".utf8)) == Array("new".utf8))
    #expect(try again.get(Array("key".utf8), in: again.family(named: "largest")) == Array("c".utf8))
    try again.close()
  }
}
