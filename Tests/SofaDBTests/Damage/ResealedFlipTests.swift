import SofaTesting
import Testing

@testable import SofaDB

/// Flipped bits under right checksums, as a broken writer or an attacker leaves them. Any content may come out, but
/// nothing may trap or hang, and where `Verify` finds nothing a reader must be able to read, seek and ask for all.
@Suite struct ResealedFlipTests {
  static let subjects =
    DamageSubject.written
    + ["r783-sst/mixed.sst", "r783-ingest-wgs/000013.sst", "r783-sst-self/self.sst"]
    .map { DamageSubject.fixture($0) }

  /// Every block that the table leads to.
  private static func blocks(_ subject: DamageSubject) throws -> [BlockHandle] {
    let table = try subject.open(subject.file())
    var handles = try table.metaBlocks().map(\.handle)
    var index = table.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      handles.append(index.handle)
      try index.next()
    }
    return handles
  }

  @Test(arguments: subjects) func everyBitOfEveryBlock(subject: DamageSubject) throws {
    let footer = try TableFile(subject.file()).footer
    let file = subject.file()
    var failures: [String] = []
    var flips = 0
    for handle in try ResealedFlipTests.blocks(subject) {
      let start = Int(handle.offset)
      let end = start + Int(handle.size)
      // The byte behind the block is its compression type.
      for bit in stride(from: start * 8, to: (end + 1) * 8, by: TableFlipTests.stride == 1 ? 1 : 61) {
        file.content = subject.content
        file.content[bit >> 3] ^= 1 << UInt8(bit & 7)
        let checksum = file.content[start..<end].withUnsafeBytes {
          footer.blockChecksum($0, type: file.content[end], at: handle.offset)
        }
        for index in 0..<4 { file.content[end + 1 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
        flips += 1
        let findings = try subject.findings(file)
        do throws(DatabaseError) {
          try readEverything(subject.open(file))
        } catch {
          if error.kind != .corruption && error.kind != .unsupported { failures.append("bit \(bit): \(error)") }
          if findings.isEmpty { failures.append("bit \(bit): verify finds nothing, a reader \(error)") }
        }
      }
    }
    #expect(flips > 0)
    guard !failures.isEmpty else { return }
    Issue.record("\(subject): \(failures.count) of \(flips)\n\(failures.prefix(30).joined(separator: "\n"))")
  }

  /// Entries in order, each found again by its key.
  private func readEverything(_ table: TableReader) throws(DatabaseError) {
    var cursor = table.cursor(readAhead: 4096)
    var finder = table.cursor(readAhead: 4096)
    try cursor.seekToFirst()
    var previous: [UInt8]?
    while cursor.isValid {
      let key = [UInt8](cursor.key)
      if let previous, table.order.isKnown {
        let isBehind = previous.withUnsafeBytes { one in
          key.withUnsafeBytes { table.order.compareInternal(one, $0) < 0 }
        }
        guard isBehind else { throw DatabaseError(.corruption, file: table.name, offset: 0, "found out of order") }
      }
      let target = ByteBuffer(key)
      let isFound = try finder.find(target.bytes)
      withExtendedLifetime(target) {}
      guard isFound, [UInt8](finder.key) == key else {
        throw DatabaseError(.corruption, file: table.name, offset: 0, "is there and not found")
      }
      previous = key
      try cursor.next()
    }
  }
}
