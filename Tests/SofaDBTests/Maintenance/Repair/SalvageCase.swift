import SofaTesting
import Testing

@testable import SofaDB

/// One table in memory that is damaged and rescued: the result is read back and held against what was written.
struct SalvageCase {
  struct Version: Hashable {
    var key: [UInt8]
    var sequence: SequenceNumber
    var kind: EntryKind
    var value: [UInt8]
  }

  let table: TableCase
  let bytes: [UInt8]
  let metadata: TableMetadata
  let written: Set<Version>

  init(_ number: Int, _ change: (inout TableOptions) -> Void = { _ in }) throws {
    var table = TableCase(number, external: false)
    table.options.blockSize = min(max(table.options.blockSize, 256), 4096)
    change(&table.options)
    let file = MemoryFile()
    let summary = try table.write(to: file)
    self.table = table
    bytes = file.content
    metadata = TableMetadata(
      number: 7, level: 3, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence)
    written = Set(
      table.entries.map { Version(key: $0.userKey, sequence: $0.sequence, kind: $0.kind, value: $0.value) })
  }

  /// Where the blocks are.
  func layout() throws -> (data: [BlockHandle], others: [TableBlock], footer: Footer) {
    let reader = try TableReader(MemoryFile(bytes, name: "000007.sst"), order: table.options.order)
    var cursor = reader.dataBlocks()
    var data: [BlockHandle] = []
    try cursor.seekToFirst()
    while cursor.isValid {
      data.append(cursor.handle)
      try cursor.next()
    }
    return (data, try reader.metaBlocks(), reader.file.footer)
  }

  func rescue(_ damaged: [UInt8], isListed: Bool = true) throws -> TableRescue {
    var salvage = TableSalvage(
      MemoryFile(damaged, name: "000007.sst"), name: "000007.sst", metadata: isListed ? metadata : nil,
      family: "default", order: table.options.order)
    return try salvage.run()
  }

  /// Rescues, writes, reads back and compares: nothing that was not written, and nothing missing but what a loss tells.
  /// Returns how many entries are missing.
  @discardableResult
  func check(_ rescue: TableRescue, sourceLocation: SourceLocation = #_sourceLocation) throws -> Int {
    guard rescue.verdict == .mended || rescue.verdict == .salvaged else {
      #expect(!rescue.losses.isEmpty, "\(table): \(rescue.verdict) without a loss", sourceLocation: sourceLocation)
      return written.count
    }
    let file = MemoryFile(name: "000009.sst")
    _ = try rescue.write(to: file, family: (0, "default"))
    let audit = TableAudit(
      file, name: "000009.sst", metadata: nil, family: nil, order: table.options.order, level: .full)
    try audit.run()
    let errors = audit.findings.filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(table): \(errors.map(\.line))", sourceLocation: sourceLocation)
    let reader = try TableReader(file, order: table.options.order)
    var kept: Set<Version> = []
    var cursor = reader.cursor()
    try cursor.seekToFirst()
    while cursor.isValid {
      let key = InternalKey(borrowed: cursor.key)
      kept.insert(
        Version(
          key: key.userKey, sequence: key.sequence, kind: EntryKind(rawValue: key.kind)!,
          value: [UInt8](cursor.value)))
      try cursor.next()
    }
    #expect(kept.isSubset(of: written), "\(table): entries that nobody wrote", sourceLocation: sourceLocation)
    let missing = written.subtracting(kept)
    for version in missing {
      let isTold = rescue.losses.contains { loss in
        guard loss.kind == .entries || loss.kind == .table else { return false }
        let order = table.options.order
        return (loss.after.map { order.compare($0, version.key) <= 0 } ?? true)
          && (loss.before.map { order.compare(version.key, $0) <= 0 } ?? true)
      }
      #expect(isTold, "\(table): \(version.key) is missing, and no loss says so", sourceLocation: sourceLocation)
    }
    if !rescue.losses.contains(where: { $0.kind == .rangeDeletions }) {
      #expect(Set(reader.rangeDeletions) == Set(table.tombstones), "\(table)", sourceLocation: sourceLocation)
    }
    let exact = rescue.losses.filter { $0.kind == .entries && $0.isExact }
    if exact.count == 1, rescue.losses.count == 1 {
      #expect(exact[0].count == UInt64(missing.count), "\(table)", sourceLocation: sourceLocation)
    }
    return missing.count
  }
}
