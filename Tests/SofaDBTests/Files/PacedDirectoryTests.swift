import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct PacedDirectoryTests {
  private let content = (0..<(5 << 19)).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  @Test func readsAreWholeAndPaced() throws {
    let time = ManualTime()
    let limiter = RateLimiter(bytesPerSecond: 1_048_576, time: time)
    let directory = PacedDirectory(MemoryDirectory(["a": content]), pace: ReadPace(limiter: limiter))
    #expect(directory.path == "memory")
    #expect(try directory.entries().map(\.name) == ["a"])
    #expect(try directory.attributes(of: "a")?.size == UInt64(content.count))
    #expect(try directory.lockState(of: "LOCK") == .missing)
    let file = try directory.open("a")
    let read = try file.readExactly(content.count, at: 0)
    withExtendedLifetime(read) { #expect(read.bytes.elementsEqual(content)) }
    #expect(abs(time.slept - 2.4) < 0.001)
    let empty = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    #expect(try file.read(into: empty, at: 0) == 0)
    // Where the file ends, the read does.
    let tail = ByteBuffer(count: 3 << 20)
    #expect(try file.read(into: tail.memory, at: 1 << 20) == content.count - (1 << 20))
    #expect(throws: DatabaseError.self) { try directory.readableDirectory("b") }
  }

  @Test func aWishToStopEndsTheRead() throws {
    let reads = Mutex(0)
    let pace = ReadPace(isCancelled: {
      reads.withLock {
        $0 += 1
        return $0 > 2
      }
    })
    let file = try PacedDirectory(MemoryDirectory(["a": content]), pace: pace).open("a")
    #expect { try file.readExactly(content.count, at: 0) } throws: {
      ($0 as? DatabaseError)?.kind == .cancelled
    }
  }

  private final class CachedFile: RandomAccessFile, @unchecked Sendable {
    let base: MemoryFile
    let cachedBytes: UInt64?
    var dropped: [Range<UInt64>] = []
    init(_ base: MemoryFile, cached: UInt64?) {
      self.base = base
      cachedBytes = cached
    }
    var name: String { base.name }
    var size: UInt64 { base.size }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
      try base.read(into: buffer, at: offset)
    }
    func adviseSequential() {}
    func dropCache(offset: UInt64, length: UInt64) { dropped.append(offset..<(offset + length)) }
  }

  /// What a service works with stays, what only the check needed goes.
  @Test func theCacheIsLeftAsItWas() throws {
    func dropped(cached: UInt64?, leavesCache: Bool = true) throws -> [Range<UInt64>] {
      let file = CachedFile(MemoryFile(content), cached: cached)
      do {
        let paced = PacedFile(file, pace: ReadPace(leavesCache: leavesCache))
        _ = try paced.readExactly(content.count, at: 0)
        #expect(paced.cachedBytes == cached)
      }
      return file.dropped
    }
    let size = UInt64(content.count)
    let all: [Range<UInt64>] = [0..<1_048_576, 1_048_576..<2_097_152, 0..<size]
    #expect(try dropped(cached: 0) == all)
    #expect(try dropped(cached: nil) == all)
    #expect(try dropped(cached: size).isEmpty)
    #expect(try dropped(cached: 0, leavesCache: false).isEmpty)
  }

  @Test func theSystemTellsWhatItCaches() throws {
    let scratch = try TemporaryDirectory()
    let directory = try PosixFileSystem().directory(at: scratch.path)
    for (access, mode) in [(FileAccess.owner, UInt16(0o600)), (.everyone, 0o644)] {
      let file = try directory.create("\(access)", access: access)
      try content.withUnsafeBytes { try file.append($0) }
      try file.sync()
      try file.close()
      #expect(try directory.attributes(of: "\(access)")?.permissions == mode)
    }
    let file = try directory.open("owner")
    _ = try file.readExactly(content.count, at: 0)
    // Where the kernel tells, all of it is there after a read.
    if let cached = file.cachedBytes { #expect(cached >= file.size) }
    file.dropCache(offset: 0, length: file.size)
    #expect(MemoryFile([1]).cachedBytes == nil)
  }
}
