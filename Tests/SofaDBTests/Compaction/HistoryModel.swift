@testable import SofaDB

/// What readers see of a set of versions, worked out the slow and obvious way: the judge of every compaction.
struct HistoryModel {
  struct Entry: Hashable {
    var key: [UInt8]
    var sequence: SequenceNumber
    var kind: EntryKind
    var value: [UInt8]
  }

  enum Shown: Equatable, CustomStringConvertible {
    case value([UInt8])
    /// A value that is not in the tree, with one operand that stands for all those on top of it.
    case stored(EntryKind, [UInt8], operand: [UInt8]?)
    /// Of an operator that nobody knows; newest first.
    case operands([[UInt8]], base: [UInt8]?)
    /// The operator does not take the operands.
    case refused

    var description: String {
      switch self {
      case .value(let value): "value \(String(decoding: value, as: UTF8.self))"
      case .stored(let kind, let value, let operand): "\(kind) of \(value.count) bytes, operand \(operand ?? [])"
      case .operands(let operands, let base): "\(operands.count) operands on \(base ?? [])"
      case .refused: "refused"
      }
    }
  }

  let order: KeyOrder
  let mergeOperator: MergeOperator?
  var entries: [Entry] = []
  var tombstones: [RangeTombstone] = []

  init(_ order: KeyOrder, _ mergeOperator: MergeOperator?) {
    self.order = order
    self.mergeOperator = mergeOperator
  }

  /// Adds everything in a table, tombstones as far as its bounds let them reach.
  mutating func add(_ table: TableMetadata, _ cache: TableCache) throws {
    let reader = try cache.reader(table, order: order)
    tombstones += reader.rangeDeletions.compactMap { table.clip($0, order: order) }
    var cursor = reader.cursor()
    try cursor.seekToFirst()
    while cursor.isValid {
      let key = InternalKey(borrowed: cursor.key)
      let kind = EntryKind(rawValue: key.kind)!
      // Values inside the table itself are part of it.
      let resolved = try kind == .value ? nil : BlobReferences.resolved(kind, cursor.value, reader)
      entries.append(
        Entry(
          key: key.userKey, sequence: key.sequence, kind: resolved?.kind ?? kind,
          value: resolved?.value ?? [UInt8](cursor.value)))
      try cursor.next()
    }
  }

  /// All keys that a reader at `snapshot` sees.
  func view(at snapshot: SequenceNumber) -> [[UInt8]: Shown] {
    var view: [[UInt8]: Shown] = [:]
    for (key, versions) in Dictionary(grouping: entries.filter { $0.sequence <= snapshot }, by: \.key) {
      let horizon =
        tombstones.filter {
          $0.sequence <= snapshot && order.compare($0.begin, key) <= 0 && order.compare(key, $0.end) < 0
        }.map(\.sequence).max() ?? 0
      let newestFirst = versions.sorted { $0.sequence > $1.sequence }
      view[key] = shown(key, newestFirst.prefix { $0.sequence >= horizon && !$0.kind.isPointTombstone })
    }
    return view
  }

  /// `versions` end before the first tombstone.
  private func shown(_ key: [UInt8], _ versions: ArraySlice<Entry>) -> Shown? {
    let operands = versions.prefix { $0.kind == .merge }.map(\.value)
    let base = versions.dropFirst(operands.count).first
    if operands.isEmpty, base == nil { return nil }
    let isPlain = base.map { $0.kind == .value } ?? true
    guard isPlain else {
      guard !operands.isEmpty else { return .stored(base!.kind, base!.value, operand: nil) }
      let oldestFirst = [[UInt8]](operands.reversed())
      let combines = mergeOperator?.combinesOperands ?? false
      let operand = combines ? merged(key, nil, oldestFirst) ?? nil : oldestFirst.flatMap { $0 }
      return .stored(base!.kind, base!.value, operand: operand)
    }
    if operands.isEmpty { return .value(base!.value) }
    guard let merged = merged(key, base?.value, operands.reversed()) else { return .refused }
    return merged.map { .value($0) } ?? .operands(operands, base: base?.value)
  }

  /// nil where the operator refuses, and nil in it where there is none that is known.
  private func merged(_ key: [UInt8], _ base: [UInt8]?, _ operands: [[UInt8]]) -> [UInt8]?? {
    let bytes = ByteBuffer(base ?? [])
    do {
      return try key.withUnsafeBytes { key in
        try mergeOperator?.apply(key: key, base: base == nil ? nil : bytes.bytes, operands: operands)
      }
    } catch {
      return nil
    }
  }
}
