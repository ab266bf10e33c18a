/// The real file system: what is refused, what modes and locks result, and that names stay inside.
import Foundation
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct PosixFileSystemTests {
  let temporary: TemporaryDirectory
  let directory: any Directory

  init() throws {
    temporary = try TemporaryDirectory()
    directory = try PosixFileSystem().directory(at: temporary.path)
  }

  private func write(_ text: String, to name: String) throws {
    let file = try directory.create(name)
    try Array(text.utf8).withUnsafeBytes { try file.append($0) }
    try file.sync()
    try file.close()
  }

  private func text(_ name: String) throws -> String {
    let file = try directory.open(name)
    let content = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(content) { String(decoding: content.bytes, as: UTF8.self) }
  }

  private func kind(_ body: () throws -> Void) -> DatabaseError.Kind? {
    do {
      try body()
      return nil
    } catch {
      return (error as? DatabaseError)?.kind
    }
  }

  @Test func whatIsAppendedIsRead() throws {
    try write("hello, world", to: "a")
    #expect(try text("a") == "hello, world")
    #expect(try directory.attributes(of: "a")?.size == 12)
    #expect(try directory.attributes(of: "b") == nil)
    let file = try directory.open("a")
    let buffer = ByteBuffer(count: 8)
    #expect(try file.read(into: buffer.memory, at: 7) == 5)
    #expect(try file.read(into: buffer.memory, at: 12) == 0)
    #expect(try file.read(into: buffer.memory, at: .max) == 0)
    #expect(kind { _ = try file.readExactly(6, at: 7) } == .corruption)
  }

  @Test func existingFilesAreNeverOverwritten() throws {
    try write("old", to: "a")
    try write("new", to: "b")
    #expect(kind { _ = try directory.create("a") } == .alreadyExists)
    #expect(kind { try directory.rename("b", to: "a", replacing: false) } == .alreadyExists)
    #expect(kind { try directory.link("b", into: directory, as: "a") } == .alreadyExists)
    #expect(try text("a") == "old")
    try directory.rename("b", to: "a", replacing: true)
    #expect(try text("a") == "new")
    #expect(try directory.attributes(of: "b") == nil)
  }

  @Test(arguments: ["", ".", "..", "a/b", "/etc/passwd", "../x", "a\0b"])
  func namesAreOneComponent(name: String) throws {
    #expect(kind { _ = try directory.open(name) } == .invalid)
    #expect(kind { _ = try directory.create(name) } == .invalid)
    #expect(kind { _ = try directory.attributes(of: name) } == .invalid)
    #expect(kind { try directory.rename("a", to: name, replacing: true) } == .invalid)
    #expect(kind { try directory.remove(name) } == .invalid)
    #expect(kind { _ = try directory.lock(name) } == .invalid)
    #expect(kind { _ = try directory.readableDirectory(name) } == .invalid)
  }

  @Test func missingThingsSayWhichOne() throws {
    let error = #expect(throws: DatabaseError.self) { _ = try directory.open("000012.sst") }
    #expect(error?.kind == .notFound)
    #expect(error?.description == "\(temporary.path)/000012.sst: there is no such file")
    #expect(kind { try directory.remove("a") } == .notFound)
    #expect(kind { try directory.rename("a", to: "b", replacing: true) } == .notFound)
    #expect(kind { _ = try PosixFileSystem().directory(at: temporary.path + "/none") } == .notFound)
    #expect(try PosixFileSystem().attributes(at: temporary.path + "/none") == nil)
    #expect(try PosixFileSystem().attributes(at: temporary.path)?.kind == .directory)
  }

  // Museum 4.2: links and special files are refused, and none of them can make the tool wait.
  @Test(.timeLimit(.minutes(1))) func linksAndSpecialFilesAreRefused() throws {
    let path = temporary.path
    #expect(mkfifo(path + "/fifo", 0o600) == 0)
    #expect(symlink("/etc/passwd", path + "/link") == 0)
    #expect(symlink("/proc/self/exe", path + "/magic") == 0)
    #expect(symlink("nowhere", path + "/dangling") == 0)
    #expect(symlink("/", path + "/root") == 0)
    #expect(mkdir(path + "/dir", 0o700) == 0)
    for name in ["fifo", "link", "magic", "dangling", "root", "dir"] {
      #expect(kind { _ = try directory.open(name) } == .special, "\(name)")
      #expect(kind { _ = try directory.create(name) } == .alreadyExists, "\(name)")
      #expect(kind { _ = try directory.lockState(of: name) } == .special, "\(name)")
    }
    for name in ["fifo", "link", "dangling", "root"] {
      #expect(kind { _ = try directory.lock(name) } == .special, "\(name)")
      #expect(kind { _ = try directory.readableDirectory(name) } != nil, "\(name)")
    }
    let kinds = Dictionary(uniqueKeysWithValues: try directory.entries().map { ($0.name, $0.kind) })
    #expect(kinds["fifo"] == .other && kinds["root"] == .symbolicLink && kinds["dir"] == .directory)
  }

  @Test func theRootMayBeALink() throws {
    try write("x", to: "a")
    let outer = try TemporaryDirectory()
    #expect(symlink(temporary.path, outer.path + "/db") == 0)
    let linked = try PosixFileSystem().readableDirectory(at: outer.path + "/db")
    #expect(try linked.entries().map(\.name) == ["a"])
  }

  @Test func modesFollowTheDirectory() throws {
    func mode(_ name: String) -> UInt32 {
      var status = stat()
      #expect(lstat(temporary.path + "/" + name, &status) == 0)
      return status.st_mode & 0o7777
    }
    for (parent, child) in [(0o700, 0o600), (0o750, 0o640), (0o2775, 0o664), (0o777, 0o664), (0o1777, 0o600)] {
      #expect(chmod(temporary.path, mode_t(parent)) == 0)
      let name = "f\(parent)"
      try write("", to: name)
      #expect(mode(name) == UInt32(child), "in a directory of mode \(String(parent, radix: 8))")
    }
    _ = try directory.createDirectory("d")
    #expect(mode("d") == 0o700)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give files away")) func rootGivesFilesToTheDirectorysOwner() throws
  {
    #expect(chown(temporary.path, 12345, 54321) == 0)
    try write("", to: "a")
    _ = try directory.createDirectory("d")
    _ = try directory.lock("LOCK")
    for name in ["a", "d", "LOCK"] {
      var status = stat()
      #expect(lstat(temporary.path + "/" + name, &status) == 0)
      #expect(status.st_uid == 12345 && status.st_gid == 54321, "\(name)")
    }
  }

  @Test func aClosedFileRefusesMore() throws {
    let file = try directory.create("a")
    try file.close()
    try file.close()
    #expect(kind { try file.sync() } == .invalid)
  }

  @Test func directoriesNest() throws {
    let inner = try directory.createDirectory("stage")
    #expect(kind { _ = try directory.createDirectory("stage") } == .alreadyExists)
    try write("x", to: "a")
    try directory.link("a", into: inner, as: "b")
    #expect(try directory.attributes(of: "a")?.linkCount == 2)
    #expect(kind { try directory.removeDirectory("stage") } == .io(ENOTEMPTY))
    try inner.remove("b")
    try inner.sync()
    try directory.rename("stage", to: "done", replacing: false)
    try directory.removeDirectory("done")
    try directory.sync()
  }

  @Test func renamingWithoutTheKernelsHelpReplacesNothing() throws {
    let directory = try #require(directory as? PosixDirectory)
    for name in ["a", "b"] {
      try write(name, to: name)
      _ = try directory.createDirectory("d" + name)
    }
    for (from, target) in [("a", "b"), ("a", "db"), ("da", "db"), ("da", "b")] {
      let error = #expect(throws: Errno.self) { try directory.renameNewByLink(from, to: target) }
      #expect(error?.code == EEXIST)
    }
    try directory.renameNewByLink("a", to: "c")
    try directory.renameNewByLink("da", to: "dc")
    #expect(try directory.entries().map(\.name).sorted() == ["b", "c", "db", "dc"])
    #expect(try text("c") == "a")
  }

  // Museum 4.2: what is opened is what was looked at, however fast somebody swaps it for a link.
  @Test(.timeLimit(.minutes(1))) func swappingAFileForALinkNeverLeadsOutside() throws {
    let outside = try TemporaryDirectory()
    try write("0123456789", to: "inside")
    try PosixFileSystem().directory(at: outside.path).create("secret").close()
    let (inner, secret) = (temporary.path, outside.path + "/secret")
    let done = Flag()
    let swaps = Thread {
      for round in 0..<6000 {
        if round.isMultiple(of: 2) {
          symlink(secret, inner + "/new")
        } else {
          link(inner + "/inside", inner + "/new")
        }
        rename(inner + "/new", inner + "/000005.sst")
      }
      done.raise()
    }
    swaps.start()
    var opened = 0
    while !done.isRaised {
      do {
        #expect(try directory.open("000005.sst").size == 10)
        opened += 1
      } catch {
        #expect(error.kind == .special || error.kind == .notFound)
      }
    }
    #expect(opened > 0)
  }
}

private final class Flag: Sendable {
  private let state = Mutex(false)
  var isRaised: Bool { state.withLock { $0 } }
  func raise() { state.withLock { $0 = true } }
}
