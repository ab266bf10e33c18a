import Foundation
import SofaDB
import SofaTesting
import Testing

/// More tables that must be read at once than the system lets a process open.
@Suite struct OpenFilesTests {
  private static let tableCount = 200

  /// Overlapping tables of level 0, each with a version of a key that all have and a key of its own.
  private static func make(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let directory = try PosixFileSystem().directory(at: path)
    var tables: [TableMetadata] = []
    for index in 0..<tableCount {
      let number = UInt64(index + 10)
      let sequence = SequenceNumber(2 * index + 1)
      let writer = try TableWriter(
        file: directory.create(DatabaseFile.table(number).name), options: TableOptions())
      let own = Array("key\(1000 + index)".utf8)
      for (key, sequence) in [(Array("a".utf8), sequence), (own, sequence + 1), (Array("z".utf8), sequence)] {
        let bytes = ByteBuffer(InternalKey(userKey: key, sequence: sequence, kind: .value).bytes)
        let value = ByteBuffer([UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: 300))
        try writer.add(internalKey: bytes.bytes, value: value.bytes)
        withExtendedLifetime(value) {}
        withExtendedLifetime(bytes) {}
      }
      let summary = try writer.finish()
      tables.append(
        TableMetadata(
          number: number, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
          smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence))
    }
    let family = ColumnFamily(id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 0, tables: tables)
    let version = Version(
      families: [family], lastSequence: SequenceNumber(2 * tableCount), nextFileNumber: UInt64(tableCount + 20))
    try ManifestWriter.write(version, as: DatabaseFile.manifest(5).name, in: directory)
    try CurrentFile.replace(directory, manifest: 5)
  }

  @Test(.enabled(if: BuiltTool.isBuilt, "\(BuiltTool.missing)"))
  func aLowLimitIsEnough() throws {
    let scratch = try ScratchDatabase()
    try Self.make(scratch.path)
    func run(_ arguments: String) throws -> ChildProcess.Outcome {
      try BuiltTool.shell("ulimit -n 64; exec \"$TOOL\" \(arguments)", [scratch.path])
    }
    let dump = try run("dump --count \"$1\"")
    #expect(dump.status == 0 && dump.text.contains("\(Self.tableCount + 2)"), "\(dump.text)\(dump.errors)")
    let digest = try run("verify --content-digest --json \"$1\"")
    #expect(digest.status == 0, "\(digest.text)\(digest.errors)")
    for arguments in ["info \"$1\"", "manifest-edit \"$1\"", "repair \"$1\"", "dump --find a \"$1\""] {
      let outcome = try run(arguments)
      #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
    }
    let convert = try run("convert-compression --to zstd \"$1\"")
    #expect(convert.status == 0, "\(convert.errors)")
    let compact = try run("compact --bottommost force --jobs 4 \"$1\"")
    #expect(compact.status == 0, "\(compact.errors)")
    let version = try ManifestReader.readCurrent(PosixFileSystem().readableDirectory(at: scratch.path)).version
    #expect(version.families[0].levels[0].isEmpty)
    #expect(try run("dump --count \"$1\"").text == dump.text)
    for arguments in ["undo \"$1\" 2", "undo \"$1\" 1", "verify \"$1\""] {
      let outcome = try run(arguments)
      #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
    }
  }
}
