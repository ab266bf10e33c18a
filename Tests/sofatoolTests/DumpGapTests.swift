/// Gaps of a dump: where they stand, what they cover, and what status they leave.
import Foundation
import SofaDB
import SofaTesting
import Testing

@testable import sofatool

@Suite struct DumpGapTests {
  private static func entries(_ numbers: some Sequence<Int>) -> [(
    key: [UInt8], sequence: SequenceNumber, kind: EntryKind, value: [UInt8]
  )] {
    numbers.map { ([UInt8](key($0).utf8), SequenceNumber($0 + 1), .value, [UInt8]("value \($0)".utf8)) }
  }

  private static func key(_ number: Int) -> String { "key" + String(100_000 + number) }

  /// The data blocks of a table.
  private static func blocks(_ path: String) throws -> [(offset: Int, size: Int)] {
    try ToolRun("dump", "--layout", "--json", path).lines.compactMap { line in
      guard line.contains(#""kind":"data block""#) else { return nil }
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return (try #require(object?["offset"] as? Int), try #require(object?["stored"] as? Int))
    }
  }

  private static func change(_ path: String, _ body: (inout [UInt8]) throws -> Void) throws {
    let place = URL(fileURLWithPath: path)
    var bytes = [UInt8](try Data(contentsOf: place))
    try body(&bytes)
    try Data(bytes).write(to: place)
  }

  /// Makes blocks say that they are compressed with bzip2, with the right checksum.
  private static func claimBzip2(_ path: String, _ blocks: some Sequence<(offset: Int, size: Int)>) throws {
    let directory = try PosixFileSystem().readableDirectory(at: PathParts(path).directory)
    let footer = try TableFile(directory.open(PathParts(path).name)).footer
    try change(path) { bytes in
      for block in blocks {
        let type = block.offset + block.size
        bytes[type] = Compression.bzip2.rawValue
        let sum = bytes.withUnsafeBytes { all in
          footer.blockChecksum(
            UnsafeRawBufferPointer(rebasing: all[block.offset..<type]), type: bytes[type], at: UInt64(block.offset))
        }
        for index in 0..<4 { bytes[type + 1 + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index))) }
      }
    }
  }

  private func expectInPlace(_ run: ToolRun) throws {
    var lastKey = ""
    var gaps = 0
    for line in run.lines.dropFirst().dropLast() {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      if let key = object["key"] as? String {
        #expect(key > lastKey)
        lastKey = key
      } else {
        gaps += 1
        #expect(lastKey <= object["from"] as? String ?? "", "\(line)")
        lastKey = object["to"] as? String ?? lastKey
      }
    }
    #expect(gaps > 0)
  }

  private static func table(_ scratch: TemporaryDirectory, _ name: String = "000001.sst", step: Int = 1) throws
    -> String
  {
    var options = TableOptions()
    options.compression = .none
    return try TableFileOnDisk.write(
      name, in: scratch.path, options: options, entries: entries(stride(from: 0, to: 6000, by: step)))
  }

  @Test func aGapStandsWhereTheEntriesAreMissing() throws {
    let scratch = try TemporaryDirectory()
    let path = try Self.table(scratch)
    let blocks = try Self.blocks(path)
    try Self.change(path) { bytes in
      for block in [0, 7, 8, 30, blocks.count - 1] { bytes[blocks[block].offset + 9] ^= 0x40 }
    }
    for options in [["--json"], ["--json", "--internal"], ["--json", "-j", "3"]] {
      let run = ToolRun(["dump", path] + options)
      #expect(run.status == .findings)
      try expectInPlace(run)
      let gaps = try DumpRecords(run.output).gaps
      let expected = [0, 7, 8, 30, blocks.count - 1].map { blocks[$0].offset }
      #expect(gaps.map { $0["offset"] as? Int } == expected)
    }
  }

  /// Whatever the threads and the pieces.
  @Test func gapsAreToldInOneOrder() throws {
    let scratch = try TemporaryDirectory()
    var names: [String] = []
    for step in 1...3 {
      names.append("00000\(step).sst")
      let path = try Self.table(scratch, names[step - 1], step: step)
      let blocks = try Self.blocks(path)
      try Self.claimBzip2(path, blocks[5..<(blocks.count - 3)])
      try Self.change(path) { $0[blocks[2].offset + 9] ^= 1 }
    }
    let directory = try PosixFileSystem().readableDirectory(at: scratch.path)
    let whole = try DatabaseView(tables: names, in: directory)
    for versions in [false, true] {
      var covered: [[String: Int]] = []
      for pieceSize in [UInt64.max, 60_000, 9_000] {
        var texts = Set<String>()
        for jobs in [1, 2, 4] {
          var style = EntryStyle()
          style.form = .ndjson
          var selection = DumpEntries.Selection()
          selection.versions = versions
          let output = CollectedText()
          _ = try DumpEntries(
            whole, source: "x", style: style, selection: selection, jobs: jobs, pieceSize: pieceSize
          ).run(output)
          texts.insert(output.text)
        }
        #expect(texts.count == 1)
        let text = try #require(texts.first)
        var bytes: [String: Int] = [:]
        for gap in try DumpRecords(text).gaps {
          let key = "\(gap["file"] ?? "") \(gap["code"] ?? "")"
          bytes[key, default: 0] += (gap["length"] as? Int ?? 0) + 5
        }
        covered.append(bytes)
      }
      // Nothing twice and nothing left out.
      #expect(covered.allSatisfy { $0 == covered[0] })
    }
  }

  @Test func aCodecThatIsNotSupportedIsAGap() throws {
    let scratch = try TemporaryDirectory()
    _ = try Self.table(scratch)
    let other = try TableFileOnDisk.write("000002.sst", in: scratch.path, entries: Self.entries(7000..<8000))
    let bzip2 = Fixtures.path("databases/r783-comp-bzip2/db/000009.sst")
    try FileManager.default.copyItem(atPath: bzip2, toPath: scratch.path + "/000009.sst")
    let run = ToolRun("dump", "--json", scratch.path)
    #expect(run.status == .incomplete)
    #expect(run.errors.contains("error: table.unsupported: 000009.sst"))
    let records = try DumpRecords(run.output)
    #expect(records.entries.count == 7000)
    #expect(records.gaps.map { $0["code"] as? String } == ["table.unsupported"])
    #expect(records.trailer?["complete"] as? Bool == false)
    #expect(ToolRun("dump", scratch.path, "--count").status == .incomplete)
    #expect(ToolRun("dump", scratch.path, "--internal").lines.count == 7000)

    // Some blocks of a table are one gap; damage beside it decides the status.
    let blocks = try Self.blocks(other)
    try Self.claimBzip2(other, blocks[1...3])
    let partly = ToolRun("dump", "--json", other)
    #expect(partly.status == .incomplete)
    let gap = try #require(try DumpRecords(partly.output).gaps.first)
    #expect(try DumpRecords(partly.output).gaps.count == 1)
    #expect(gap["offset"] as? Int == blocks[1].offset)
    #expect(gap["length"] as? Int == blocks[3].offset + blocks[3].size - blocks[1].offset)
    try expectInPlace(partly)
    try Self.change(other) { $0[blocks[4].offset + 9] ^= 1 }
    #expect(ToolRun("dump", other).status == .findings)

    // Nothing at all could be read.
    #expect(ToolRun("dump", "--json", bzip2).status == .refused)
    let file = scratch.path + "/out"
    #expect(ToolRun("dump", bzip2, "-o", file).status == .refused)
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test func aDirectoryOfTheGoEngineHasGapsToo() throws {
    let scratch = try TemporaryDirectory()
    let copy = scratch.path + "/db"
    try FileManager.default.copyItem(atPath: Fixtures.path("databases/sofadb-go-engine/db"), toPath: copy)
    let names = try FileManager.default.contentsOfDirectory(atPath: copy).filter { $0.hasSuffix(".sst") }.sorted()
    let name = try #require(names.first)
    // The length of the first key.
    try Self.change(copy + "/" + name) { $0.replaceSubrange(0..<4, with: [0xFF, 0xFF, 0xFF, 0xFF]) }
    let run = ToolRun("dump", "--json", copy)
    #expect(run.status == .findings)
    let records = try DumpRecords(run.output)
    #expect(records.gaps.first?["file"] as? String == name)
    #expect(records.trailer?["complete"] as? Bool == false)
  }
}

private final class CollectedText: DumpOutput, @unchecked Sendable {
  private(set) var text = ""
  func write(_ added: UnsafeRawBufferPointer) throws(DatabaseError) { text += String(decoding: added, as: UTF8.self) }
  func report(_ finding: Finding) {}
}
