import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Names and kinds of files that lead elsewhere, hang, or reach a terminal.
@Suite struct HostileNameTests {
  private func copy(_ name: String) throws -> TemporaryDirectory {
    let place = try TemporaryDirectory()
    try FileManager.default.copyItem(atPath: FixtureDatabase(name).path, toPath: place.path + "/db")
    return place
  }

  /// Every kind of thing in the place of a file: no open may block, nothing may be read through it.
  @Test(arguments: ["CURRENT", "MANIFEST-000005", "000009.sst", "000010.log", "OPTIONS-000007"])
  func specialFilesInTheirPlace(name: String) throws {
    for kind in ["fifo", "link", "dangling", "loop", "directory", "device"] {
      let place = try copy("r783-single")
      let path = place.path + "/db/" + name
      try? FileManager.default.removeItem(atPath: path)
      switch kind {
      case "fifo": #expect(mkfifo(path, 0o600) == 0)
      case "link":
        // To the right content, even.
        let target = place.path + "/outside"
        try FileManager.default.copyItem(atPath: FixtureDatabase("r783-single").path + "/CURRENT", toPath: target)
        #expect(symlink(target, path) == 0)
      case "dangling": #expect(symlink("/nowhere/at/all", path) == 0)
      case "loop": #expect(symlink(name, path) == 0)
      case "directory": #expect(mkdir(path, 0o700) == 0)
      default: #expect(symlink("/dev/zero", path) == 0)
      }
      let directory = try PosixFileSystem().readableDirectory(at: place.path + "/db")
      let isHint = name.hasPrefix("OPTIONS")
      do throws(DatabaseError) {
        let findings = try MuseumDirectoryTests.verifying(directory)
        #expect(isHint || !findings.isEmpty, "\(name) as \(kind)")
      } catch {
        #expect(error.kind == .special || error.kind == .invalid, "\(name) as \(kind): \(error)")
      }
      do throws(DatabaseError) {
        let view = try DatabaseView(database: directory)
        var cursor = try view.cursor(view.families[0])
        try cursor.seekToFirst()
        while cursor.isValid { try cursor.next() }
        #expect(isHint || name.hasSuffix(".log"), "\(name) as \(kind) is read")
      } catch {
        #expect([.special, .notFound, .invalid].contains(error.kind), "\(name) as \(kind): \(error)")
      }
      let loose = Verify(tables: [name], in: directory, jobs: 1)
      #expect(try loose.run { _ in }.isOnlyUnread, "\(name) as \(kind)")
    }
  }

  /// Names are parsed to a kind and a number; what is opened is what is there, or it is named as missing.
  @Test func namesThatAreAlmostRight() throws {
    let fixture = try FixtureDatabase("r783-single")
    let whole = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: fixture.path))
    let names = [
      "9.sst", "00009.sst", "0000009.sst", "00000000000000000009.sst", "000000000000000000009.sst", "+00009.sst",
      "000009.SST", "000009.sst ", "000009.sst\n", " 000009.sst", "٠٠٠٠٠٩.sst", "18446744073709551625.sst", "000009.",
      "000009.ldb", "000009.log", "000009.sst.bak", "\u{1B}[2J.sst",
    ]
    for name in names {
      let directory = MemoryDirectory(whole.files.mapValues(\.content))
      directory.files["000009.sst"] = nil
      directory.files[name] = MemoryFile(whole.files["000009.sst"]?.content ?? [], name: name)
      do throws(DatabaseError) {
        let findings = try MuseumDirectoryTests.verifying(directory)
        let isTaken = DatabaseFile(name: name) == .table(9) || DatabaseFile(name: name) == .table(9, .ldb)
        #expect(isTaken || findings.contains { $0.code == .fileMissing }, "\(name.debugDescription)")
        for finding in findings { #expect(isPrintable(finding.line)) }
      } catch {
        Issue.record("\(name.debugDescription): \(error)")
      }
    }
  }

  private func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } }

  /// All that a MANIFEST and the names of files can put into a message, as text and as JSON.
  @Test func nothingReachesATerminalRaw() throws {
    let evil = [
      "\u{1B}]52;c;cm0gLXJm\u{07}", "\u{1B}[31m", "\u{9B}2J", "a\rb", "a\nb", "\u{202E}txt", "\u{2066}", "\u{7F}",
      "a\tb",
      "\0", "\u{85}", "\u{FEFF}", "\u{E000}", "\u{2028}", "a\u{8}\u{8}b",
    ]
    for text in evil {
      let bytes = Array(text.utf8)
      let table = RawTable.key("k")
      let slice = [UInt8(table.count)] + table
      let edits: [[UInt8]] = [
        RawTable.varints(1, UInt64(bytes.count)) + bytes + RawTable.varints(2, 0, 9, 0, 3, 10, 4, 1000),
        RawTable.varints(200, 1, 201, UInt64(bytes.count)) + bytes,
        RawTable.varints(200, 1, 103, 3, 7, 1000) + slice + slice + RawTable.varints(7, 7, 1),
        RawTable.varints(200, 1, 103, 3, 8, 1000) + slice + slice + RawTable.varints(7, 7, 1),
        RawTable.varints(200, 9, 201, UInt64(bytes.count)) + bytes,
      ]
      let directory = MemoryDirectory([
        "CURRENT": Array("MANIFEST-000001\n".utf8), "MANIFEST-000001": try HostileDirectory.manifest(edits),
        "000007.sst": RawTable.around([1, 2, 3]), text + ".sst": [1], "000099.sst" + text: [2],
      ])
      let findings = try MuseumDirectoryTests.verify(directory)
      #expect(!findings.isEmpty)
      for finding in findings {
        #expect(isPrintable(finding.line), "\(finding.line.debugDescription)")
        var json = JSONWriter()
        finding.encode(into: &json, showKeys: true)
        let line = String(decoding: json.output.bytes.dropLast(), as: UTF8.self)
        #expect(isPrintable(line), "\(line.debugDescription)")
      }
      do throws(DatabaseError) {
        let view = try DatabaseView(database: directory)
        _ = try view.cursor(view.families[0])
      } catch {
        #expect(isPrintable(error.detail), "\(error.detail.debugDescription)")
      }
    }
  }

  /// Paths in OPTIONS are text: nothing outside of the directory is asked for.
  @Test func pathsInOptionsAreNotFollowed() throws {
    let fixture = try FixtureDatabase("r783-txn")
    let directory = try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: fixture.path))
    let name = try #require(directory.files.keys.first { $0.hasPrefix("OPTIONS") })
    for path in ["/etc", "../..", "/dev/zero", "//host/share", "\0", "~root"] {
      let lines =
        ["wal_dir", "db_log_dir", "wal_compression"].map { "  \($0)=\(path)\n" }
        + ["  db_paths={\(path):1000}\n", "  cf_paths={\(path):1}\n"]
      directory.files[name] = MemoryFile(Array(("[DBOptions]\n" + lines.joined()).utf8), name: name)
      directory.asked = []
      #expect(try MuseumDirectoryTests.verify(directory).isEmpty)
      let view = try DatabaseView(database: directory)
      var cursor = try view.cursor(view.families[0])
      try cursor.seekToFirst()
      let isValid = cursor.isValid
      #expect(isValid)
      #expect(directory.asked?.isSubset(of: Set(directory.files.keys)) ?? false)
    }
  }
}
