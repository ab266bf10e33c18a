/// `verify --seal` and `--against-seal`: every changed byte of a sealed file is seen, and a seal is whole or not there.
import CommandKit
import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

@Suite struct VerifySealTests {
  private struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  private func mode(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
  }

  /// The `file.digest` findings of a comparison.
  private func findings(_ run: ToolRun) -> [String] {
    run.lines.map(String.init).filter { $0.contains(": file.digest") }
  }

  @Test(arguments: ["r783-levels", "l123-levels", "r783-blob", "main-cfs", "r1075-blob-zstd-gc"])
  func everyChangedFileIsNamed(fixture: String) throws {
    let database = try ScratchDatabase(fixture)
    let seal = database.beside("db.seal")
    let made = ToolRun("verify", "--seal", seal, database.path)
    #expect(made.status == .ok, "\(made.output)\(made.errors)")
    #expect(try mode(seal) == 0o600)
    let clean = ToolRun("verify", "--json", "--against-seal", seal, database.path)
    #expect(clean.status == .ok && findings(clean).isEmpty, "\(clean.output)")
    let sealed = try Seal(
      PosixFileSystem().readableDirectory(at: database.folder).open("db.seal"), key: nil)
    #expect(sealed.files.contains { $0.name.hasPrefix("MANIFEST") } && sealed.files.contains { $0.name == "CURRENT" })
    for file in sealed.files {
      let content = try database.bytes(file.name)
      #expect(content.withUnsafeBytes { SofaDB.SHA256.digest($0) } == file.digest)
      // The first, the middle and the last byte; CURRENT may then name nothing.
      for offset in Set([0, content.count / 2, content.count - 1]) {
        try database.flip(file.name, at: offset, 0x01)
        let run = ToolRun("verify", "--level", "quick", "--against-seal", seal, database.path)
        #expect(run.status == .findings, "\(file.name) at \(offset): \(run.output)")
        if file.name != "CURRENT" {
          #expect(findings(run).contains { $0.hasPrefix("error: file.digest: \(file.name)") }, "\(run.output)")
        }
        try database.write(file.name, content)
      }
    }
  }

  @Test func aMANIFESTMayOnlyGrow() throws {
    let database = try ScratchDatabase("r783-levels")
    let seal = database.beside("db.seal")
    let manifest = ExitCase.manifest
    let whole = try database.bytes(manifest)
    // Sealed before its last record.
    let last = try #require(
      ManifestReader.readCurrent(PosixFileSystem().readableDirectory(at: database.path), keepingRecords: true)
        .records.last)
    try database.cut(manifest, to: Int(last.offset))
    _ = ToolRun("verify", "--level", "quick", "--seal", seal, database.path)
    try #require(FileManager.default.fileExists(atPath: seal))
    try database.write(manifest, whole)
    let grown = ToolRun("verify", "--against-seal", seal, database.path)
    #expect(!findings(grown).contains { $0.hasPrefix("error") && $0.contains(manifest) }, "\(grown.output)")
    try database.flip(manifest, at: 30)
    #expect(findings(ToolRun("verify", "--against-seal", seal, database.path)).contains { $0.contains(manifest) })
    // A whole record less is a clean MANIFEST to every engine.
    try database.write(manifest, whole)
    _ = ToolRun("verify", "--seal", seal, "--overwrite", database.path)
    try database.cut(manifest, to: Int(last.offset))
    let cut = findings(ToolRun("verify", "--level", "quick", "--against-seal", seal, database.path))
    #expect(cut.contains { $0.hasPrefix("error") && $0.contains("its last edits are lost") }, "\(cut)")
  }

  @Test func goneAndNewFilesAreRemarks() throws {
    let database = try ScratchDatabase("r783-levels")
    let directory = try PosixFileSystem().readableDirectory(at: database.path)
    let digests = FileDigests()
    try digests.addFrame(of: directory, manifest: ExitCase.manifest)
    for name in ["000010.sst", "000011.sst"] { try digests.add(name, of: directory) }
    let sealed = digests.seal(created: 5).files
    func compare(_ more: [String]) throws -> [String] {
      let seal = Seal(
        sealed + more.map { Seal.File(name: $0, size: 1, digest: [UInt8](repeating: 1, count: 32)) }, created: 5)
      try Data(seal.encoded(source: "db", key: nil)).write(to: URL(fileURLWithPath: database.beside("db.seal")))
      let run = ToolRun("verify", "--against-seal", database.beside("db.seal"), database.path)
      #expect(run.status == .ok, "\(run.output)")
      return findings(run)
    }
    let new = try compare([])
    #expect(new.count == 1 && new[0].hasPrefix("info") && new[0].contains("newer than the seal"), "\(new)")
    let both = try compare(["000001.sst", "000002.sst", "000003.sst", "000004.sst", "000006.blob"])
    #expect(both.count == 2 && both[0].contains("000001.sst, 000002.sst, 000003.sst and 2 more"), "\(both)")
    // One MANIFEST later, as after every opening by RocksDB.
    #expect(try compare(["MANIFEST-000004"]).contains { $0.contains("MANIFEST-000004") && $0.hasPrefix("info") })
  }

  /// A copy from before the seal under the name of the database.
  @Test func aCURRENTThatWentBackIsAnError() throws {
    let database = try ScratchDatabase("r783-levels")
    let file = Seal.File(name: "MANIFEST-000099", size: 1, digest: [UInt8](repeating: 1, count: 32))
    let seal = Seal([file], created: 5).encoded(source: "db", key: nil)
    try Data(seal).write(to: URL(fileURLWithPath: database.beside("db.seal")))
    let run = ToolRun("verify", "--against-seal", database.beside("db.seal"), database.path)
    #expect(run.status == .findings && run.output.contains("the database went back"), "\(run.output)")
  }

  @Test func theKeyFileIsChecked() throws {
    let database = try ScratchDatabase("r783-empty")
    let (seal, key) = (database.beside("db.seal"), database.beside("key"))
    try Data("a secret".utf8).write(to: URL(fileURLWithPath: key))
    func run(_ arguments: String...) -> ToolRun { ToolRun(["verify"] + arguments + [database.path]) }
    for mode in [0o644, 0o640, 0o604, 0o660] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
      #expect(run("--seal", seal, "--seal-key-file", key).status == .refused)
    }
    #expect(!FileManager.default.fileExists(atPath: seal))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    #expect(run("--seal", seal, "--seal-key-file", key).status == .ok)
    #expect(run("--against-seal", seal, "--seal-key-file", key).status == .ok)
    // Without the key, with another one, or with a plain seal where a keyed one was made, there is no verdict.
    #expect(run("--against-seal", seal).status == .incomplete)
    try Data("another secret".utf8).write(to: URL(fileURLWithPath: key))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    #expect(run("--against-seal", seal, "--seal-key-file", key).status == .incomplete)
    #expect(run("--seal", seal, "--overwrite").status == .ok)
    let plain = run("--against-seal", seal, "--seal-key-file", key)
    #expect(plain.status == .incomplete && plain.errors.contains("made without a key"))
    try Data().write(to: URL(fileURLWithPath: key))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    #expect(run("--seal", seal, "--overwrite", "--seal-key-file", key).status == .usage)
    #expect(run("--seal", seal, "--overwrite", "--seal-key-file", database.folder).status == .usage)
    #expect(!plain.output.contains("secret") && !plain.errors.contains("secret"))
  }

  @Test func refusals() throws {
    let database = try ScratchDatabase("r783-levels")
    let seal = database.beside("db.seal")
    try FileManager.default.createSymbolicLink(atPath: database.beside("way"), withDestinationPath: "db")
    let before = try database.picture()
    for path in ["db/a.seal", "way/a.seal", "db/../db/./a.seal", "db/archive/a.seal"] {
      let run = ToolRun("verify", "--seal", database.beside(path), database.path)
      #expect(run.status == (path.contains("archive") ? .refused : .usage), "\(path): \(run.errors)")
      #expect(run.output.isEmpty)
    }
    for arguments in [
      ["--seal-key-file", seal], ["--overwrite"], ["--seal", seal, "--seal", seal], ["--seal", ""],
      ["--seal", seal, database.path], ["--against-seal", database.folder],
    ] {
      #expect(ToolRun(["verify"] + arguments + [database.path]).status == .usage, "\(arguments)")
    }
    #expect(ToolRun("verify", "--against-seal", seal, database.path).status == .refused)
    #expect(try database.picture() == before)
    #expect(ToolRun("verify", "--seal", seal, database.path).status == .ok)
    let content = try Data(contentsOf: URL(fileURLWithPath: seal))
    #expect(ToolRun("verify", "--seal", seal, database.path).status == .refused)
    // Damage is not sealed, and the old seal stays.
    try database.flip("000010.sst", at: 100)
    let damaged = ToolRun("verify", "--seal", seal, "--overwrite", database.path)
    #expect(damaged.status == .findings && damaged.errors.contains("no seal was made"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: seal)) == content)
    #expect(!FileManager.default.fileExists(atPath: database.beside(".db.seal.partial")))
  }

  @Test func looseTables() throws {
    let scratch = try ScratchDatabase()
    try FileManager.default.copyItem(atPath: Fixtures.path("databases/r783-sst/files"), toPath: scratch.path)
    let seal = scratch.beside("tables.seal")
    #expect(ToolRun("verify", "--seal", seal, scratch.path).status == .ok)
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
    let one = ToolRun("verify", "--against-seal", seal, scratch.file(names[0]))
    #expect(one.status == .ok && findings(one).isEmpty, "\(one.output)")
    // A flip that is repaired in the block's own checksum would pass; the seal sees it.
    try scratch.flip(names[0], at: 0)
    #expect(findings(ToolRun("verify", "--against-seal", seal, scratch.path)).count == 1)
    try scratch.remove(names[0])
    let gone = ToolRun("verify", "--against-seal", seal, scratch.path)
    #expect(gone.status == (names.count > 1 ? .ok : .refused))
    if names.count > 1 { #expect(findings(gone).allSatisfy { $0.hasPrefix("info") } && findings(gone).count == 1) }
  }

  // MARK: Crashes and faults

  @Test func aSealIsOldOrNewAndNeverHalf() throws {
    let system = try SimulatedFileSystem(copying: Fixtures.path("databases/r783-empty/db"))
    let time = ManualTime()
    func seal(_ system: SimulatedFileSystem) throws {
      let run = ToolRun(
        "verify", "-q", "-j", "1", "--seal", "out/db.seal", "--overwrite", "db", fileSystem: system, time: time)
      guard run.status == .ok else { throw Broken(description: run.errors) }
    }
    try seal(system)
    system.settle()
    let old = try #require(try system.content(of: "out/db.seal"))
    time.advance(100)
    let again = SimulatedFileSystem(disk: system.disk)
    try seal(again)
    let new = try #require(try again.content(of: "out/db.seal"))
    #expect(new != old && new.count == old.count)

    let crashes = enumerateCrashes(from: system.disk) { system in
      try seal(system)
      system.milestone += 1
    } check: { image in
      let found = try image.fileSystem.content(of: "out/db.seal")
      guard found == new || found == old && image.milestone == 0 else { throw Broken(description: "half a seal") }
      let files = try image.fileSystem.directory(at: "db").entries().count
      guard files == (try system.directory(at: "db").entries().count) else {
        throw Broken(description: "the database changed")
      }
    }
    #expect(crashes.failures.isEmpty, "\(crashes)")
    #expect(crashes.distinct > 5)

    let faults = enumerateFaults(from: system.disk) {
      try seal($0)
    } check: { outcome in
      let found = try outcome.fileSystem.content(of: "out/db.seal")
      // What was renamed and not synced may be either.
      guard found == new || found == old else { throw Broken(description: "half a seal") }
      if outcome.error == nil, found != new { throw Broken(description: "claimed and not there") }
    }
    #expect(faults.failures.isEmpty, "\(faults)")
  }
}
