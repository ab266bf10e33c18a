import Foundation
import SofaDB
import SofaTesting
import Testing

@testable import sofatool

/// Tables made here: hostile bytes, many pieces, holes.
@Suite struct DumpDamageTests {
  private static func entries(_ count: Int, step: Int = 1) -> [(
    key: [UInt8], sequence: SequenceNumber, kind: EntryKind, value: [UInt8]
  )] {
    (0..<count).map { index in
      let digits = String(index * step)
      let key = "key" + String(repeating: "0", count: 8 - digits.count) + digits
      return ([UInt8](key.utf8), SequenceNumber(index + 1), .value, [UInt8]("value \(index) of \(count)".utf8))
    }
  }

  @Test func nothingInTheDataSteersTheTerminal() throws {
    let scratch = try TemporaryDirectory()
    let texts = [
      "\u{1B}]52;c;AAAA\u{07}", "\u{1B}[2J", "\u{9B}31m", "\u{202E}abc", "=1+1", "+1", "-1", "@x", "a\"b,c\r\nd", "\t",
    ]
    let hostile = (0..<256).map { [UInt8($0), 0x61] } + texts.map { [UInt8]($0.utf8) }
    var entries = hostile.map { (key: $0, sequence: SequenceNumber(0), kind: EntryKind.value, value: $0) }
    entries.sort { $0.key.lexicographicallyPrecedes($1.key) }
    try TableFileOnDisk.write("hostile.sst", in: scratch.path, entries: entries)
    let forms = [
      [], ["--csv-text", "--format", "csv"], ["--format", "csv"], ["--json"], ["--internal"], ["--layout"],
    ]
    for form in forms {
      let run = ToolRun(["dump", scratch.path] + form)
      #expect(run.status == .ok)
      for scalar in run.output.unicodeScalars {
        #expect([0x09, 0x0A, 0x0D].contains(scalar.value) || PrintableScalar.isPrintable(scalar.value))
      }
    }
    let text = ToolRun("dump", scratch.path)
    #expect(text.lines.count == entries.count)
    for (line, entry) in zip(text.lines, entries) {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      #expect(try KeyText.parse("escaped:" + cells[0]) == entry.key)
      #expect(try KeyText.parse("escaped:" + cells[1]) == entry.value)
    }
    let csv = ToolRun("dump", scratch.path, "--format", "csv", "--csv-text")
    for cell in ["\"'=1+1\"", "\"'+1\"", "\"'-1\"", "\"'@x\"", "\"a\"\"b,c\\x0d\\x0ad\""] {
      #expect(csv.output.contains(cell), "\(cell)")
    }
    #expect(csv.output.hasPrefix("# for reading only"))
    #expect(ToolRun("dump", scratch.path, "--format", "csv").output.hasPrefix("key,value\r\n0x"))
  }

  @Test func aDamagedBlockIsAGap() throws {
    let scratch = try TemporaryDirectory()
    let path = try TableFileOnDisk.write("000001.sst", in: scratch.path, entries: Self.entries(5000))
    let whole = try DumpRecords(ToolRun("dump", path, "--json").output)
    #expect(whole.entries.count == 5000)
    let layout = ToolRun("dump", "--layout", "--json", path).lines.compactMap { line in
      line.contains(#""kind":"data block""#) ? line : nil
    }
    let block = try #require(
      try JSONSerialization.jsonObject(with: Data(layout[7].utf8)) as? [String: Any])
    let offset = try #require(block["offset"] as? Int)
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[offset + 9] ^= 0x40
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    for jobs in ["1", "3"] {
      let run = ToolRun("dump", path, "--json", "-j", jobs)
      #expect(run.status == .findings)
      #expect(run.errors.contains("error: block.checksum: 000001.sst at \(offset)"))
      let records = try DumpRecords(run.output)
      #expect(records.gaps.count == 1)
      #expect(records.gaps.first?["offset"] as? Int == offset)
      #expect(records.gaps.first?["code"] as? String == "block.checksum")
      #expect(records.trailer?["complete"] as? Bool == false)
      #expect(records.trailerDigest == records.digest.hex)
      #expect(records.entries.count > 4800 && records.entries.count < 5000)
      let from = try #require(records.gaps.first?["from"] as? String)
      let to = try #require(records.gaps.first?["to"] as? String)
      let kept = Set(records.entries.compactMap { $0["key"] as? String })
      for entry in whole.entries {
        let key = try #require(entry["key"] as? String)
        // Keys at or outside the bounds are all there.
        if key <= from || key > to { #expect(kept.contains(key), "\(key)") }
      }
    }
  }

  @Test func aFileThatIsNoTableHidesNoOther() throws {
    let scratch = try TemporaryDirectory()
    try TableFileOnDisk.write("000001.sst", in: scratch.path, entries: Self.entries(10))
    try Data("not a table at all, but long enough to have a footer of fifty-three bytes".utf8).write(
      to: URL(fileURLWithPath: scratch.path + "/000002.sst"))
    let run = ToolRun("dump", scratch.path)
    #expect(run.status == .findings)
    #expect(run.lines.count == 10)
    #expect(run.errors.contains("error: table.not-a-table: 000002.sst"))
  }

  @Test func threadsPrintWhatOneThreadPrints() throws {
    let scratch = try TemporaryDirectory()
    var options = TableOptions()
    options.compression = .none
    for (number, step) in [(1, 1), (2, 2), (3, 3)] {
      try TableFileOnDisk.write(
        "00000\(number).sst", in: scratch.path, options: options, entries: Self.entries(20_000, step: step))
    }
    let directory = try PosixFileSystem().readableDirectory(at: scratch.path)
    let view = try DatabaseView(tables: ["000001.sst", "000002.sst", "000003.sst"], in: directory)
    var texts: [[UInt8]] = []
    for versions in [false, true] {
      for (jobs, pieceSize) in [(1, UInt64.max), (1, 100_000), (3, 100_000), (4, 300_000)] {
        var style = EntryStyle()
        style.form = .ndjson
        var selection = DumpEntries.Selection()
        selection.versions = versions
        let output = CollectedOutput()
        let report = try DumpEntries(
          view, source: "x", style: style, selection: selection, jobs: jobs, pieceSize: pieceSize
        ).run(output)
        #expect(report.isComplete)
        texts.append(output.bytes)
      }
      #expect(Set(texts).count == 1)
      texts = []
    }
  }
}

private final class CollectedOutput: DumpOutput, @unchecked Sendable {
  private(set) var bytes: [UInt8] = []
  func write(_ added: UnsafeRawBufferPointer) throws(DatabaseError) { bytes += added }
  func report(_ finding: Finding) {}
}
