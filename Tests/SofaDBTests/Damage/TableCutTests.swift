import SofaTesting
import Testing

@testable import SofaDB

/// Tables that were cut, grew, or were put together from two: never the wrong content, never unnoticed.
@Suite struct TableCutTests {
  static let subjects = DamageSubject.small

  private func check(
    _ subject: DamageSubject, _ file: MemoryFile, _ whole: TableOutcome, mayBeRight: Bool, _ place: String
  ) throws -> String? {
    switch (subject.read(file), whole) {
    case (.content(let found), .content(let wanted)):
      if found != wanted { return "\(place): other content" }
      if !mayBeRight { return "\(place): is read" }
    case (.content, .refused): return "\(place): is read"
    case (.refused(let error), _):
      if error.kind != .corruption && error.kind != .unsupported { return "\(place): \(error.kind) \(error)" }
      if error.file.isEmpty { return "\(place): no file in \(error)" }
    }
    let findings = try subject.findings(file)
    return findings.isEmpty ? "\(place): verify finds nothing" : nil
  }

  private func report(_ subject: DamageSubject, _ failures: [String]) {
    guard !failures.isEmpty else { return }
    Issue.record("\(subject): \(failures.count)\n\(failures.prefix(20).joined(separator: "\n"))")
  }

  static func lengths(_ subject: DamageSubject) -> [Int] {
    stride(from: 0, to: subject.content.count, by: TableFlipTests.stride == 1 ? 1 : 211).map { $0 }
  }

  /// As the MANIFEST lists it, and on its own.
  @Test(arguments: subjects) func everyLength(subject: DamageSubject) throws {
    var alone = subject
    alone.metadata = nil
    let whole = subject.read(subject.file())
    let file = MemoryFile(name: "subject.sst")
    var failures: [String] = []
    for length in TableCutTests.lengths(subject) {
      file.content = Array(subject.content[..<length])
      for one in [subject, alone] {
        if let failure = try check(one, file, whole, mayBeRight: false, "\(length) bytes") { failures.append(failure) }
      }
      let codes = Set(try alone.findings(file).map(\.code))
      if !codes.isSubset(of: [.tableTruncated, .tableNotATable]) { failures.append("\(length) bytes: \(codes)") }
    }
    report(subject, failures)
  }

  @Test(arguments: subjects) func everyLengthFilledUp(subject: DamageSubject) throws {
    let whole = subject.read(subject.file())
    let file = MemoryFile(name: "subject.sst")
    var failures: [String] = []
    for length in TableCutTests.lengths(subject) {
      for (name, filler) in [("zeros", UInt8(0)), ("garbage", 0xA5)] {
        let rest = [UInt8](repeating: filler, count: subject.content.count - length)
        file.content = Array(subject.content[..<length]) + rest
        if file.content == subject.content { continue }
        if let failure = try check(subject, file, whole, mayBeRight: false, "\(length) bytes and \(name)") {
          failures.append(failure)
        }
      }
    }
    report(subject, failures)
  }

  /// The table itself is whole where the MANIFEST tells its size.
  @Test(arguments: subjects) func everyExtension(subject: DamageSubject) throws {
    let whole = subject.read(subject.file())
    var random = SeededRandom(seed: 5)
    var failures: [String] = []
    for length in [1, 2, 7, 8, 47, 48, 53, 512, 4096, 10_000] {
      for (name, more) in [
        ("zeros", [UInt8](repeating: 0, count: length)), ("garbage", random.bytes(length)),
        ("itself", Array((subject.content + subject.content).prefix(length))),
      ] {
        let file = MemoryFile(subject.content + more, name: "subject.sst")
        let isReadable = subject.metadata != nil || name == "itself"
        if let failure = try check(subject, file, whole, mayBeRight: isReadable, "\(length) bytes of \(name) more") {
          failures.append(failure)
        }
      }
    }
    // Two whole tables in one file.
    let doubled = MemoryFile(subject.content + subject.content, name: "subject.sst")
    if let failure = try check(subject, doubled, whole, mayBeRight: true, "doubled") { failures.append(failure) }
    report(subject, failures)
  }

  // MARK: Splices

  /// A table and its later version: the same keys, other values of the same lengths, so every block has its place.
  private static func versions(_ formatVersion: Int) -> (old: DamageSubject, new: DamageSubject) {
    func version(_ salt: UInt8, _ base: UInt32) -> DamageSubject {
      DamageSubject.written("splice-v\(formatVersion)", salt: salt, contextBase: base) {
        $0.compression = .none
        $0.formatVersion = formatVersion
      }
    }
    return (version(0, 77), version(1, 99))
  }

  /// Up to a place the old version, then the new one: what a lost write of the device leaves. Context checksums tell
  /// the versions apart; without them a block that is all old has its right place and its right checksum.
  @Test(arguments: [2, 5, 6, 7]) func spliceOfTwoVersions(formatVersion: Int) throws {
    let (old, new) = TableCutTests.versions(formatVersion)
    #expect(old.content.count == new.content.count)
    let table = try TableReader(new.file())
    var blocks: [Range<Int>] = []
    var index = table.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      blocks.append(Int(index.handle.offset)..<Int(index.handle.end ?? 0))
      try index.next()
    }
    let rest = (blocks.last?.upperBound ?? 0)..<new.content.count
    for place in 1..<new.content.count {
      for (head, tail) in [(old, new), (new, old)] {
        let file = MemoryFile(Array(head.content[..<place]) + tail.content[place...], name: "subject.sst")
        if file.content == head.content || file.content == tail.content { continue }
        let findings = try tail.findings(file)
        // Each block is one or the other, and what is behind them is the same in both but for the session.
        let hasWholeBlocks =
          formatVersion < 6
          && blocks.allSatisfy { file.content[$0] == old.content[$0] || file.content[$0] == new.content[$0] }
          && file.content[rest] == tail.content[rest]
        #expect(!findings.isEmpty || hasWholeBlocks, "\(place)")
        if formatVersion >= 6 { #expect(throws: DatabaseError.self) { try TableContent(try tail.open(file)) } }
      }
    }
  }

  /// Museum K4: two data blocks of one size change places. Context checksums say so; older formats see it by the order
  /// of keys.
  @Test(arguments: 2...7) func swappedBlocks(formatVersion: Int) throws {
    let subject = DamageSubject.written("swap") {
      $0.compression = .none
      $0.formatVersion = formatVersion
      $0.blockSize = 1
    }
    let table = try TableReader(subject.file())
    var handles: [BlockHandle] = []
    var index = table.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      handles.append(index.handle)
      try index.next()
    }
    var swaps = 0
    for (number, one) in handles.enumerated() {
      for two in handles[(number + 1)...] where two.size == one.size {
        let file = subject.file()
        let length = Int(one.size) + BlockTrailer.size
        for step in 0..<length { file.content.swapAt(Int(one.offset) + step, Int(two.offset) + step) }
        if file.content == subject.content { continue }
        swaps += 1
        let findings = try subject.findings(file)
        if formatVersion >= 6 {
          let misplaced = findings.filter { $0.code == .blockMisplaced }
          #expect(misplaced.map(\.offset) == [one.offset, two.offset])
          #expect(misplaced.first?.detail.contains("\(two.offset)") ?? false)
          #expect(throws: DatabaseError.self) { try TableContent(subject.open(file)) }
        } else {
          #expect(findings.contains { $0.code == .tableOrder || $0.code == .tableSeparator })
        }
      }
    }
    #expect(swaps > 50)
  }
}
