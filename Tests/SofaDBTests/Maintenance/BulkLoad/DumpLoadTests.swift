import SofaTesting
import Testing

@testable import SofaDB

/// What is dumped, loaded and dumped again is the same text, byte for byte, for every directory of every engine.
@Suite struct DumpLoadTests {
  final class Text: DumpOutput, @unchecked Sendable {
    var bytes: [UInt8] = []
    func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
    func report(_ finding: Finding) {}
  }

  static func dump(_ view: DatabaseView, versions: Bool, _ format: TextFormat = .escaped) throws -> [UInt8] {
    var style = EntryStyle()
    style.form = .ndjson
    style.keyFormat = format
    style.valueFormat = format
    var selection = DumpEntries.Selection()
    selection.versions = versions
    let text = Text()
    _ = try DumpEntries(view, source: "fixture", style: style, selection: selection, jobs: 1).run(text)
    return text.bytes
  }

  /// Lines without file and level, which a load changes, and without the merge operator, which RocksDB keeps in
  /// OPTIONS.
  static func essence(_ dump: [UInt8]) -> [String] {
    String(decoding: dump, as: UTF8.self).split(separator: "\n").map { (line) -> String in
      String(line).replacing(#/,"file":"[^"]*"/#, with: "").replacing(#/,"level":\d+/#, with: "")
        .replacing(#/,"merge_operator":"[^"]*"/#, with: "")
    }
  }

  static let databases = FixtureDatabase.databases

  @Test(arguments: databases)
  func visibleEntriesAreRestored(_ fixture: FixtureDatabase) throws { try roundTrip(fixture, versions: false) }

  @Test(arguments: databases)
  func versionsAreRestored(_ fixture: FixtureDatabase) throws { try roundTrip(fixture, versions: true) }

  private func roundTrip(_ fixture: FixtureDatabase, versions: Bool) throws {
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let source: DatabaseView
    do {
      source = try DatabaseView(database: directory)
    } catch {
      return
    }
    guard source.families.allSatisfy({ $0.order.isKnown }) else { return }
    let first: [UInt8]
    do {
      first = try DumpLoadTests.dump(source, versions: versions)
    } catch let error as DatabaseError {
      #expect(error.kind == .unsupported || error.kind == .corruption, "\(error)")
      return
    }
    var load = try LoadCase()
    load.format = .dump
    load.output = .database("db/out")
    load.options.targetFileSize = 8 << 10
    do {
      let report = try load.load(first)
      #expect(report.isBalanced)
    } catch let error as DatabaseError {
      // Timestamps are only in dumps of versions; blob references mean nothing elsewhere.
      let isTimestamped = source.families.contains { $0.order.timestampSize > 0 }
      let text = String(decoding: first, as: UTF8.self)
      let hasBlobs = versions && text.contains(#""op":"blob""#)
      let isDamaged = !text.contains(#""complete":true"#)
      #expect(isTimestamped && !versions || hasBlobs || isDamaged, "\(fixture): \(error)")
      return
    }
    let copy = try DatabaseView(database: load.system.readableDirectory(at: "db/out"))
    let second = try DumpLoadTests.dump(copy, versions: versions)
    #expect(DumpLoadTests.essence(first) == DumpLoadTests.essence(second), "\(fixture)")
  }

  // MARK: Text of every kind

  @Test(arguments: [TextFormat.escaped, .hex, .base64, .u64be])
  func randomBytesAreRestored(_ format: TextFormat) throws {
    var random = SeededRandom(seed: 8)
    var text =
      "{\"record\":\"header\",\"schema\":1,\"source\":\"x\",\"key_format\":\"\(format.rawValue)\",\"value_format\":"
    text +=
      "\"\(format.rawValue)\",\"families\":[{\"id\":0,\"name\":\"default\","
      + "\"comparator\":\"leveldb.BytewiseComparator\"}]}\n"
    var expected: [[UInt8]: [UInt8]] = [:]
    var style = EntryStyle()
    style.form = .ndjson
    style.keyFormat = format
    style.valueFormat = format
    var writer = EntryWriter(style: style, family: "default")
    var digest = ContentDigest()
    for _ in 0..<500 {
      let key = (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let value = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      guard expected.updateValue(value, forKey: key) == nil else {
        expected[key] = expected[key]
        continue
      }
    }
    for (key, value) in expected {
      key.withUnsafeBytes { key in
        value.withUnsafeBytes { value in
          writer.put(key, value)
          digest.add(.value, key: key, value: value, in: ContentDigest.Family(name: "default"))
        }
      }
    }
    text += String(decoding: writer.output.bytes, as: UTF8.self)
    text += DumpLoadTests.trailer(entries: expected.count, digest.hex)
    for output in [LoadOutput.database("db/out"), .tables("db/tables")] {
      var load = try LoadCase()
      load.format = .dump
      load.output = output
      load.options.jobs = 2
      let report = try load.load(text)
      #expect(report.digest == digest)
      let found = try LoadCase.entries(load.system, output)
      #expect(Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.value) }) == expected)
    }
  }

  static func trailer(entries: Int, _ digest: String, complete: Bool = true) -> String {
    "{\"record\":\"trailer\",\"entries\":\(entries),\"digest\":{\"algorithm\":\"xxh3-128-sum\","
      + "\"value\":\"\(digest)\"},"
      + "\"complete\":\(complete)}\n"
  }

  static let header =
    #"{"record":"header","schema":1,"source":"x","key_format":"escaped","value_format":"escaped","versions":false,"#
    + #""keys_only":false,"families":[{"id":0,"name":"default","comparator":"leveldb.BytewiseComparator"},"#
    + #"{"id":3,"name":"other","comparator":"rocksdb.ReverseBytewiseComparator"}]}"# + "\n"

  static let entries =
    #"{"cf":"default","op":"put","key":"a","value":"1"}"# + "\n" + #"{"cf":"other","op":"put","key":"b","value":"2"}"#
    + "\n"

  static var digest: String {
    var digest = ContentDigest()
    for (family, key, value) in [("default", "a", "1"), ("other", "b", "2")] {
      Array(key.utf8).withUnsafeBytes { key in
        Array(value.utf8).withUnsafeBytes {
          digest.add(.value, key: key, value: $0, in: ContentDigest.Family(name: family))
        }
      }
    }
    return digest.hex
  }

  static func load(_ text: String, force: Bool = false) throws -> LoadCase {
    var load = try LoadCase()
    load.format = .dump
    load.output = .database("db/out")
    load.options.acceptsGaps = force
    try load.load(text)
    return load
  }

  @Test func familiesAreRestored() throws {
    let load = try DumpLoadTests.load(
      DumpLoadTests.header + DumpLoadTests.entries + DumpLoadTests.trailer(entries: 2, DumpLoadTests.digest))
    #expect(try load.entries() == ["a=1"])
    #expect(try load.entries(of: "other") == ["b=2"])
    let view = try DatabaseView(database: load.system.readableDirectory(at: "db/out"))
    #expect(view.family(named: "other")?.id == 3)
    #expect(view.family(named: "other")?.order == .reverseBytewise)
  }

  static var damaged: [(name: String, text: String, reason: String)] {
    let trailer = trailer(entries: 2, digest)
    let gap = #"{"record":"gap","file":"000001.sst","offset":1,"length":2,"code":"block.checksum"}"# + "\n"
    return [
      ("empty", "", "empty"),
      ("no header", entries + trailer, "no header"),
      ("no trailer", header + entries, "the trailer is missing"),
      ("a cut line", String((header + entries).dropLast(9)), "line 3"),
      (
        "a lost line", header + #"{"cf":"default","op":"put","key":"a","value":"1"}"# + "\n" + trailer,
        "counts 2 entries"
      ),
      ("another value", header + entries.replacing("\"1\"", with: "\"9\"") + trailer, "not what was dumped"),
      ("a double line", header + entries + entries + trailer, "twice"),
      ("two trailers", header + entries + trailer + trailer, "more than one trailer"),
      ("two headers", header + header + entries + trailer, "more than one header"),
      ("an unknown family", header + entries.replacing("other", with: "nope") + trailer, "header does not name"),
      ("an unknown operation", header + entries.replacing("put", with: "pat") + trailer, "unknown operation"),
      ("a gap", header + entries + gap + trailer, "could not be read"),
      (
        "incomplete", header + entries + DumpLoadTests.trailer(entries: 2, digest, complete: false), "could not be read"
      ),
      ("an unknown digest", header + entries + trailer.replacing("xxh3-128-sum", with: "md5"), "no digest"),
      (
        "keys only", header.replacing("\"keys_only\":false", with: "\"keys_only\":true") + entries + trailer,
        "without values"
      ),
      ("a newer schema", header.replacing("\"schema\":1", with: "\"schema\":2") + entries + trailer, "newer"),
      ("a bad escape", header + entries.replacing("\"a\"", with: "\"\\\\q\"") + trailer, "line 2"),
    ]
  }

  @Test func damagedDumpsAreRefused() throws {
    for example in DumpLoadTests.damaged {
      var load = try LoadCase()
      load.format = .dump
      load.output = .database("db/out")
      let error = try load.failure(example.text)
      #expect(error?.kind == .corruption, "\(example.name)")
      #expect(error?.detail.contains(example.reason) == true, "\(example.name): \(error?.detail ?? "accepted")")
    }
  }

  @Test func gapsAreAcceptedOnlyWhenForced() throws {
    let gap = #"{"record":"gap","file":"000001.sst","code":"block.checksum"}"# + "\n"
    let text =
      DumpLoadTests.header + gap + DumpLoadTests.entries
      + DumpLoadTests.trailer(entries: 2, DumpLoadTests.digest, complete: false)
    #expect(try DumpLoadTests.load(text, force: true).entries() == ["a=1"])
  }

  @Test func severalFamiliesNeedADatabase() throws {
    var load = try LoadCase()
    load.format = .dump
    #expect(try load.failure(DumpLoadTests.header + DumpLoadTests.entries)?.kind == .invalid)
  }

  // MARK: The Go SofaDB

  @Test func theGoSofaDBIsImported() throws {
    for fixture in FixtureDatabase.all where fixture.name.hasPrefix("sofadb-go") {
      let system = PosixFileSystem()
      let temporary = try TemporaryDirectory()
      let cursor = try SofaGoDirectory(system.readableDirectory(at: fixture.path)).cursor()
      var expected: [String] = []
      while try cursor.next() {
        expected.append("\(TextFormat.escaped.text(cursor.key))=\(TextFormat.escaped.text(cursor.value))")
      }
      let output = LoadOutput.database(temporary.path + "/out")
      let report = try BulkLoad([.path(fixture.path)], format: .sofadbGo, output: output, in: system).run()
      #expect(Int(report.rowsWritten) == expected.count)
      let entries = try LoadCase.entries(system, output)
      #expect(entries.map { "\(TextFormat.escaped.text($0.key))=\(TextFormat.escaped.text($0.value))" } == expected)
    }
  }
}
