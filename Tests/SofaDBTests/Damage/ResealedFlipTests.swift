import SofaTesting
import Testing

@testable import SofaDB

/// Flipped bits under right checksums, as a broken writer or an attacker leaves them. Nothing may trap or hang, and
/// where `Verify` finds nothing a reader gets every entry in order and finds each of them by its key.
///
/// Then the content is what was written, with one exception: bits of data, of range deletions and of a dictionary are
/// content, and another value, or another key in the same order, is as good as the first. What such a flip may change
/// is told by `TableWalk.admits`; everything that leads to entries, or speaks of them, is judged without exception.
@Suite struct ResealedFlipTests {
  static let subjects: [DamageSubject] =
    DamageSubject.written
    + [
      "l123-levels/000014.ldb", "r783-sst/mixed.sst", "r783-sst-self/self.sst", "r783-ingest-wgs/000013.sst",
      "r783-fv0-zlib/000011.sst", "r1075-fv7/000011.sst", "r1075-u64ts/000011.sst", "r1112-udt-stripped/000011.sst",
      "r783-merge-u64/000011.sst", "r783-nodelta-align/000009.sst", "main-sepkv-nodelta/000009.sst",
      "r1075-hashidx/000009.sst", "l123-snappy/000009.ldb", "r783-part-fv3/000009.sst", "r1075-part-fv7/000009.sst",
      "r783-firstkey/000009.sst", "r783-bloom-legacy-bpk20/000009.sst", "r783-prefix/000009.sst",
      "r783-dhash/000009.sst", "r783-dict-zlib/000009.sst", "r783-ribbon/000009.sst",
    ].map { DamageSubject.fixture($0) }

  /// Flips in blocks that lead to data or speak of it, all of them where the table is small, and in data.
  private static func limits(_ subject: DamageSubject) -> (about: Int, data: Int) {
    #if DEBUG
      (100, 30)
    #else
      subject.content.count <= 3000 ? (.max, 1000) : isSmall(subject) ? (3000, 500) : (800, 200)
    #endif
  }

  private static func isSmall(_ subject: DamageSubject) -> Bool { subject.content.count <= 5200 }

  /// What can be flipped and sealed again.
  private struct Part {
    var kind: BlockKind?
    /// The stored block; nil is the footer.
    var handle: BlockHandle?
    /// The block and its compression type, or the footer.
    var bytes: Range<Int>
  }

  private static func parts(_ table: TableReader, fileSize: Int) throws -> [Part] {
    var parts = try table.metaBlocks().map { block in
      Part(
        kind: block.kind, handle: block.handle,
        bytes: Int(block.handle.offset)..<(Int(block.handle.offset + block.handle.size) + 1))
    }
    var index = table.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      let handle = index.handle
      parts.append(
        Part(kind: .data, handle: handle, bytes: Int(handle.offset)..<(Int(handle.offset + handle.size) + 1)))
      try index.next()
    }
    if table.file.footer.formatVersion >= 6 {
      parts.append(Part(bytes: Int(table.file.footer.offset)..<fileSize))
    }
    return parts
  }

  private static func reseal(_ file: MemoryFile, _ part: Part, _ footer: Footer) {
    let checksum: UInt32
    let place: Int
    if let handle = part.handle {
      place = part.bytes.upperBound
      checksum = file.content[part.bytes.dropLast()].withUnsafeBytes {
        footer.blockChecksum($0, type: file.content[place - 1], at: handle.offset)
      }
    } else {
      place = part.bytes.lowerBound + 5
      for index in place..<(place + 4) { file.content[index] = 0 }
      let base = file.content[(place + 4)..<(place + 8)].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
      let type = ChecksumType(rawValue: file.content[part.bytes.lowerBound]) ?? footer.checksum
      checksum =
        file.content[part.bytes].withUnsafeBytes { type.checksum($0) }
        &+ ChecksumType.contextModifier(base: UInt32(littleEndian: base), offset: footer.offset)
    }
    for index in 0..<4 { file.content[place + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
  }

  private static func isContent(_ part: Part) -> Bool {
    part.kind == .data || part.kind == .rangeDeletions || part.kind == .dictionary
  }

  @Test(arguments: subjects) func everyBitOfEveryBlock(subject: DamageSubject) throws {
    let file = subject.file()
    let table = try subject.open(file)
    let whole = try TableWalk(table)
    let unprotected = try UnprotectedBytes(subject)
    let parts = try ResealedFlipTests.parts(table, fileSize: subject.content.count)
    var failures: [String] = []
    var flips = 0
    for isContent in [false, true] {
      let chosen = parts.filter { ResealedFlipTests.isContent($0) == isContent }
      let bits = chosen.reduce(0) { $0 + $1.bytes.count * 8 }
      let limits = ResealedFlipTests.limits(subject)
      let step = DirectoryDamageTests.step(bits, isContent ? limits.data : limits.about)
      var skipped = 0
      for part in chosen {
        for bit in (part.bytes.lowerBound * 8)..<(part.bytes.upperBound * 8) {
          skipped += 1
          guard skipped == step else { continue }
          skipped = 0
          flips += 1
          file.content = subject.content
          file.content[bit >> 3] ^= 1 << UInt8(bit & 7)
          ResealedFlipTests.reseal(file, part, table.file.footer)
          let mayChange = unprotected.changesContent(at: bit >> 3)
          if let failure = try judge(subject, file, whole, part, mayChange: mayChange) {
            failures.append("bit \(bit) of \(part.kind.map { "\($0)" } ?? "the footer"): \(failure)")
          }
        }
      }
    }
    print("\(subject): \(flips) resealed flips")
    guard !failures.isEmpty else { return }
    Issue.record("\(subject): \(failures.count) of \(flips)\n\(failures.prefix(30).joined(separator: "\n"))")
  }

  private func judge(
    _ subject: DamageSubject, _ file: MemoryFile, _ whole: TableWalk, _ part: Part, mayChange: Bool
  ) throws -> String? {
    let findings = try subject.findings(file)
    // Of large tables, which take longer, a reader gets only what it must not trip over.
    if !findings.isEmpty, !ResealedFlipTests.isSmall(subject) { return nil }
    do throws(DatabaseError) {
      let walk = try TableWalk(subject.open(file))
      if !findings.isEmpty || walk == whole || mayChange { return nil }
      guard ResealedFlipTests.isContent(part) else { return "other content, and verify finds nothing" }
      return whole.admits(walk, flippedIn: part.kind == .data ? part.handle : nil) ? nil : "more than content changed"
    } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { return "\(error)" }
      return findings.isEmpty ? "verify finds nothing, a reader \(error)" : nil
    }
  }
}
