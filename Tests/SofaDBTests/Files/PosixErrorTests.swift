/// Errors of the real system: kinds, sentences, and that the first one sticks.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct PosixErrorTests {
  private func device(_ path: String, _ flags: Int32) throws -> PosixAppendFile {
    PosixAppendFile(name: path, descriptor: try Descriptor(opening: path, in: AT_FDCWD, flags: flags))
  }

  @Test func aFullDeviceIsNoSpaceAndStaysSo() throws {
    let file = try device("/dev/full", O_WRONLY)
    for _ in 0..<2 {
      let error = #expect(throws: DatabaseError.self) { try [UInt8(1)].withUnsafeBytes { try file.append($0) } }
      #expect(error?.kind == .noSpace)
      #expect(error?.description.contains("no space is left on the device") == true)
    }
    let error = #expect(throws: DatabaseError.self) { try file.sync() }
    #expect(error?.kind == .noSpace)
    try file.close()
  }

  // Museum A5 and C15: an error of a sync is reported, and a later sync does not forget it.
  @Test func C15_aFailedSyncSticks() throws {
    let file = try device("/dev/null", O_WRONLY)
    for _ in 0..<2 {
      let error = #expect(throws: DatabaseError.self) { try file.sync() }
      #expect(error?.kind == .io(EINVAL))
      #expect(error?.description.contains("could not be made durable") == true)
    }
    #expect(throws: DatabaseError.self) { try [UInt8(1)].withUnsafeBytes { try file.append($0) } }
    try file.close()
  }

  @Test func readErrorsHaveAPlace() throws {
    let root = PosixReadableDirectory(
      path: "/", descriptor: try Descriptor(opening: "/", in: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY),
      budget: OpenFileBudget(1))
    let file = try PosixRandomAccessFile(
      name: "d", component: "d", in: root,
      descriptor: Descriptor(opening: "/", in: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY))
    let buffer = ByteBuffer(count: 8)
    let error = #expect(throws: DatabaseError.self) { _ = try file.read(into: buffer.memory, at: 40) }
    #expect(error?.description == "d at offset 40: it cannot be read: it is a directory")
  }

  @Test func everyErrnoHasAKindAndAWord() {
    for code in Int32(1)...133 {
      let error = SystemError.writing("f", at: 0, Errno(code: code))
      switch error.kind {
      case .notFound, .alreadyExists, .permissionDenied, .noSpace, .io: break
      default: Issue.record("\(code): \(error.kind)")
      }
      #expect(error.detail.count > "it cannot be written: ".count)
    }
  }

  @Test func pathsAreChecked() throws {
    for path in ["", "/tmp\0/x"] {
      let error = #expect(throws: DatabaseError.self) { _ = try PosixFileSystem().directory(at: path) }
      #expect(error?.kind == .invalid)
    }
    let error = #expect(throws: DatabaseError.self) { _ = try PosixFileSystem().directory(at: "/dev/null") }
    #expect(error?.description == "/dev/null: this is not a directory")
  }

  @Test func descriptorsAreNotLeaked() throws {
    let temporary = try TemporaryDirectory()
    // Other tests run beside this one and have files of their own open.
    func count() throws -> Int {
      let open = try PosixFileSystem().readableDirectory(at: "/proc/self/fd").entries().map(\.name)
      return open.count { descriptor in
        var target = [UInt8](repeating: 0, count: 4096)
        let length = target.withUnsafeMutableBytes {
          readlink("/proc/self/fd/\(descriptor)", $0.bindMemory(to: CChar.self).baseAddress!, 4096)
        }
        return String(decoding: target.prefix(max(length, 0)), as: UTF8.self).hasPrefix(temporary.path)
      }
    }
    let directory = try PosixFileSystem().directory(at: temporary.path)
    let numbers = (0..<200).map { "\($0)" }
    for name in numbers { try directory.create(name).close() }
    var most = 0
    for _ in 0..<20 {
      for name in numbers {
        _ = try directory.open(name)
        #expect(throws: DatabaseError.self) { _ = try directory.create(name) }
        #expect(throws: DatabaseError.self) { _ = try directory.directory(name) }
        try directory.lock("LOCK").release()
        _ = try directory.entries()
      }
      most = max(most, try count())
    }
    #expect(most < 4)
  }
}
