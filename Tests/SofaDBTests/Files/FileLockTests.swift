/// The lock that keeps two writers apart, and the probe that disturbs nobody.
import Foundation
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct FileLockTests {
  private let temporary: TemporaryDirectory
  private let directory: any Directory

  init() throws {
    temporary = try TemporaryDirectory()
    directory = try PosixFileSystem().directory(at: temporary.path)
  }

  private func inode() -> UInt64 {
    var status = stat()
    return stat(temporary.path + "/LOCK", &status) == 0 ? UInt64(status.st_ino) : 0
  }

  /// Tries the lock as RocksDB and LevelDB take it.
  private func classicLock(_ file: Int32) -> Bool {
    var whole = flock()
    whole.l_type = Int16(F_WRLCK)
    whole.l_whence = Int16(SEEK_SET)
    return fcntl(file, F_SETLK, &whole) == 0
  }

  @Test func oneHolderAtATime() throws {
    #expect(try directory.lockState(of: "LOCK") == .missing)
    #expect(try directory.attributes(of: "LOCK") == nil)
    let lock = try directory.lock("LOCK")
    #expect(try directory.lockState(of: "LOCK") == .held(by: nil))
    let error = #expect(throws: DatabaseError.self) { _ = try directory.lock("LOCK") }
    #expect(error?.kind == .locked)
    lock.release()
    lock.release()
    #expect(try directory.lockState(of: "LOCK") == .free)
    let again = try directory.lock("LOCK")
    withExtendedLifetime(again) {}
  }

  @Test func theLockGoesWithItsOwner() throws {
    do {
      let lock = try directory.lock("LOCK")
      withExtendedLifetime(lock) {}
    }
    #expect(try directory.lockState(of: "LOCK") == .free)
  }

  // Museum H7: opening and closing the lock file once more must not drop the lock.
  @Test func closingAnotherDescriptorKeepsTheLock() throws {
    let lock = try directory.lock("LOCK")
    do { _ = try directory.open("LOCK") }
    _ = try directory.lockState(of: "LOCK")
    close(Glibc.open(temporary.path + "/LOCK", O_RDWR))
    #expect(throws: DatabaseError.self) { _ = try directory.lock("LOCK") }
    let other = Glibc.open(temporary.path + "/LOCK", O_RDWR)
    defer { close(other) }
    #expect(!classicLock(other))
    lock.release()
    #expect(classicLock(other))
  }

  // Museum H8: the lock file is never removed, replaced, cut or written, and the message says who holds it.
  @Test func theLockFileStays() throws {
    #expect(FileManager.default.createFile(atPath: temporary.path + "/LOCK", contents: Data("pid".utf8)))
    #expect(chmod(temporary.path + "/LOCK", 0o604) == 0)
    let before = inode()
    try directory.lock("LOCK").release()
    #expect(inode() == before)
    var status = stat()
    #expect(stat(temporary.path + "/LOCK", &status) == 0)
    #expect(status.st_size == 3 && status.st_mode & 0o777 == 0o604)
  }

  @Test func theHolderIsNamed() throws {
    try directory.lock("LOCK").release()
    let other = Glibc.open(temporary.path + "/LOCK", O_RDWR)
    #expect(classicLock(other))
    defer { close(other) }
    #expect(try directory.lockState(of: "LOCK") == .held(by: getpid()))
    // A classic lock ends when its process closes any descriptor of the file, as the probe just did.
    #expect(classicLock(other))
    let error = #expect(throws: DatabaseError.self) { _ = try directory.lock("LOCK") }
    #expect(error?.description.contains("process \(getpid()) has the database open") == true)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "python3 is not installed"))
  func anotherProcessHoldsAndIsHeldOff() throws {
    let script = """
      import fcntl, sys
      f = open(sys.argv[1], "r+")
      try: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except OSError: print("busy"); sys.exit()
      print("held", flush=True)
      sys.stdin.read()
      """
    func start() throws -> (Process, Pipe, String) {
      let process = Process()
      let (input, output) = (Pipe(), Pipe())
      process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
      process.arguments = ["-c", script, temporary.path + "/LOCK"]
      process.standardInput = input
      process.standardOutput = output
      try process.run()
      return (process, input, String(decoding: output.fileHandleForReading.availableData, as: UTF8.self))
    }
    let lock = try directory.lock("LOCK")
    let (first, _, refused) = try start()
    #expect(refused.hasPrefix("busy"))
    first.waitUntilExit()
    lock.release()
    let (second, input, held) = try start()
    #expect(held.hasPrefix("held"))
    #expect(try directory.lockState(of: "LOCK") == .held(by: second.processIdentifier))
    try input.fileHandleForWriting.close()
    second.waitUntilExit()
    #expect(try directory.lockState(of: "LOCK") == .free)
  }

  // Museum C13: a failure to create the lock file does not poison the next attempt.
  @Test func C13_aFailedAttemptLeavesNothingBehind() throws {
    let obstacle = try directory.createDirectory("LOCK")
    #expect(throws: DatabaseError.self) { _ = try directory.lock("LOCK") }
    _ = obstacle
    try directory.removeDirectory("LOCK")
    try directory.lock("LOCK").release()

    let system = SimulatedFileSystem()
    let simulated = try system.directory(at: "db")
    for fault in Fault.all(of: .lock) {
      system.faults = .all([.lock], fault)
      #expect(throws: DatabaseError.self) { _ = try simulated.lock("LOCK") }
    }
    system.faults = .none
    try simulated.lock("LOCK").release()
    try system.holdLock(at: "db/LOCK", by: 77)
    #expect(try simulated.lockState(of: "LOCK") == .held(by: 77))
    #expect(throws: DatabaseError.self) { _ = try simulated.lock("LOCK") }
  }
}
