/// Zeros written ahead in logs: when there are some, that they go, and that nothing is lost or made up when a write
/// fails or the machine stops.
import Glibc
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ZerosAheadTests {
  private func append(_ count: Int, to file: any AppendFile) throws {
    try [UInt8](repeating: 7, count: count).withUnsafeBytes { try file.append($0) }
  }

  /// Bytes of the file on the disk while it is written.
  private func size(_ directory: any Directory) throws -> UInt64 { try directory.attributes(of: "log")?.size ?? 0 }

  private func inBoth(_ body: (any Directory, _ zeros: UInt64) throws -> Void) throws {
    let temporary = try TemporaryDirectory()
    try body(try PosixFileSystem().directory(at: temporary.path), 512 << 10)
    try body(try SimulatedFileSystem().directory(at: "db"), 1024)
  }

  @Test func aLogThatIsSyncedOftenHasZerosUntilItIsClosed() throws {
    try inBoth { directory, zeros in
      let file = try directory.createLog("log")
      for count in 1...2 {
        try append(100, to: file)
        try file.sync()
        #expect(try size(directory) == UInt64(100 * count))
      }
      for count in 3...10 {
        try append(100, to: file)
        #expect(try size(directory) == 300 + zeros)
        #expect(file.size == UInt64(100 * count))
        try file.sync()
      }
      let reader = try directory.open("log")
      let content = try reader.readExactly(Int(reader.size), at: 0)
      withExtendedLifetime(content) {
        #expect(content.bytes.prefix(1000).allSatisfy { $0 == 7 })
        #expect(content.bytes.dropFirst(1000).allSatisfy { $0 == 0 })
      }
      try file.close()
      #expect(try size(directory) == 1000)
    }
  }

  @Test func zerosAreWrittenAgainWhereTheyEnd() throws {
    try inBoth { directory, zeros in
      let file = try directory.createLog("log")
      let step = Int(zeros) / 32
      for _ in 0..<120 {
        try append(step, to: file)
        try file.sync()
        #expect(try size(directory) <= file.size + zeros)
      }
      #expect(try size(directory) > file.size)
      try file.close()
      #expect(try size(directory) == UInt64(120 * step))
    }
  }

  @Test func anAppendThatIsNotSyncedEndsThem() throws {
    try inBoth { directory, zeros in
      let file = try directory.createLog("log")
      func synced(_ times: Int) throws {
        for _ in 0..<times {
          try append(10, to: file)
          try file.sync()
        }
      }
      for wanted in [2, 4, 8, 16, 32, 64, 64] {
        try synced(wanted)
        #expect(try size(directory) == file.size)
        try synced(1)
        #expect(try size(directory) == file.size + zeros)
        try append(10, to: file)
        #expect(try size(directory) == file.size + zeros - 10)
        for _ in 0..<2 {
          try append(10, to: file)
          #expect(try size(directory) == file.size)
        }
        try file.sync()
      }
      try file.close()
    }
  }

  @Test func muchDataHasNone() throws {
    try inBoth { directory, _ in
      let file = try directory.createLog("log")
      for _ in 0..<4 {
        try append(ZerosAhead.little + 1, to: file)
        try file.sync()
        #expect(try size(directory) == file.size)
      }
      for _ in 0..<20 { try append(10, to: file) }
      try file.sync()
      #expect(try size(directory) == file.size)
      for _ in 0..<3 {
        try append(10, to: file)
        try file.sync()
      }
      #expect(try size(directory) > file.size)
      try append(ZerosAhead.little + 1, to: file)
      #expect(try size(directory) == file.size)
      try file.close()
    }
  }

  @Test func otherFilesHaveNone() throws {
    try inBoth { directory, _ in
      let file = try directory.create("log")
      for count in 1...5 {
        try append(10, to: file)
        try file.sync()
        #expect(try size(directory) == UInt64(10 * count))
      }
      try file.close()
    }
  }

  @Test func aFullDevicePoisonsALog() throws {
    let file = PosixAppendFile(
      name: "full", descriptor: try Descriptor(opening: "/dev/full", in: AT_FDCWD, flags: O_WRONLY), isLog: true)
    for _ in 0..<2 {
      let error = #expect(throws: DatabaseError.self) { try append(1, to: file) }
      #expect(error?.kind == .noSpace)
    }
    #expect(throws: DatabaseError.self) { try file.sync() }
    try file.close()
  }
}
