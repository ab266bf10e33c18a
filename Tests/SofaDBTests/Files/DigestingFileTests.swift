import SofaTesting
import Testing

@testable import SofaDB

@Suite struct DigestingFileTests {
  private final class CountingFile: RandomAccessFile, @unchecked Sendable {
    let base: MemoryFile
    var bytesRead = 0
    /// The size when it was opened, if it is another one now.
    var claims: UInt64?
    init(_ base: MemoryFile) { self.base = base }
    var name: String { base.name }
    var size: UInt64 { claims ?? base.size }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
      let count = try base.read(into: buffer, at: offset)
      bytesRead += count
      return count
    }
    func adviseSequential() {}
    func dropCache(offset: UInt64, length: UInt64) {}
  }

  private let content = (0..<(3 << 20) + 17).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

  @Test func anyReadsGiveTheDigestOfTheWhole() throws {
    let expected = content.withUnsafeBytes { SHA256.digest($0) }
    var random = SeededRandom(seed: 4)
    for _ in 0..<8 {
      let file = DigestingFile(MemoryFile(content))
      for _ in 0..<20 {
        let offset = Int.random(in: 0...content.count, using: &random)
        let length = Int.random(in: 0...(content.count - offset), using: &random)
        _ = try file.readExactly(length, at: UInt64(offset))
      }
      #expect(try file.digest() == expected)
      #expect(try file.digest() == expected)
    }
    let empty = DigestingFile(MemoryFile([]))
    #expect(try empty.digest() == [UInt8]().withUnsafeBytes { SHA256.digest($0) })
  }

  @Test func aPassFromFrontToBackIsNotReadTwice() throws {
    let counting = CountingFile(MemoryFile(content))
    let file = DigestingFile(counting)
    _ = try file.readExactly(100, at: file.size - 100)
    var offset = 0
    while offset < content.count - 100 {
      let length = min(1 << 20, content.count - 100 - offset)
      _ = try file.readExactly(length, at: UInt64(offset))
      offset += length
    }
    _ = try file.digest()
    #expect(counting.bytesRead == content.count + 100)
  }

  @Test func aFileThatShrinksIsCorrupt() throws {
    let short = CountingFile(MemoryFile(content))
    short.claims = UInt64(content.count) + 5
    #expect { try DigestingFile(short).digest() } throws: { ($0 as? DatabaseError)?.kind == .corruption }
  }
}
