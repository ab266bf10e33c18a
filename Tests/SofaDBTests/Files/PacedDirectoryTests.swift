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
}
