/// The user keys that one piece of a merge holds, without timestamps: from `lower` up to but not including
/// `upper`; nil for no bound.
struct PieceBounds: Sendable {
  /// Samples for each piece, so that pieces come out about equal.
  private static let samplesPerPiece = 16

  var lower: [UInt8]?
  var upper: [UInt8]?

  /// Whether a table may hold keys of the piece.
  func overlaps(_ table: TableMetadata, order: KeyOrder) -> Bool {
    let isBefore = lower.map { PieceBounds.compare(table.largest, $0, order) < 0 } ?? false
    let isAfter = upper.map { PieceBounds.compare(table.smallest, $0, order) >= 0 } ?? false
    return !isBefore && !isAfter
  }

  private static func compare(_ key: InternalKey, _ bare: [UInt8], _ order: KeyOrder) -> Int {
    key.bytes.withUnsafeBytes { key in
      bare.withUnsafeBytes { order.compareWithoutTimestamp(order.withoutTimestamp(key.internalKeyUserKey), $0) }
    }
  }

  /// Cuts the keys of `tables` into at most `count` pieces of about equal size, by samples of the tables' indexes.
  static func cut(
    _ tables: [TableMetadata], order: KeyOrder, into count: Int, cache: TableCache
  ) throws(DatabaseError) -> [PieceBounds] {
    guard count > 1 else { return [PieceBounds()] }
    let total = tables.reduce(UInt64(0)) { $0 &+ $1.size }
    let step = max(1, total / UInt64(count * samplesPerPiece))
    var samples: [[UInt8]] = []
    // Counted over all tables, so that many small ones are cut like a large one.
    var passed: UInt64 = 0
    for table in tables {
      let reader = try cache.reader(table, order: order)
      var index = IndexCursor(reader)
      try index.seekToFirst()
      while index.isValid {
        passed &+= index.handle.size
        if passed >= step {
          passed = 0
          samples.append(key(index.separator, of: reader))
        }
        try index.next()
      }
    }
    samples.sort { compare($0, $1, order) < 0 }
    var bounds: [[UInt8]] = []
    for piece in 1..<count {
      let index = samples.count * piece / count
      guard index < samples.count, bounds.last.map({ compare($0, samples[index], order) < 0 }) ?? true else { continue }
      bounds.append(samples[index])
    }
    return zip([nil] + bounds.map { $0 }, bounds.map { $0 } + [nil]).map { PieceBounds(lower: $0, upper: $1) }
  }

  /// The user key of a separator, without timestamp.
  private static func key(_ separator: UnsafeRawBufferPointer, of table: TableReader) -> [UInt8] {
    let trailer = table.indexFormat.keysAreUserKeys ? 0 : 8
    let userKey = UnsafeRawBufferPointer(rebasing: separator.dropLast(trailer))
    return [UInt8](table.strippedTimestamp > 0 ? userKey : table.order.withoutTimestamp(userKey))
  }

  private static func compare(_ a: [UInt8], _ b: [UInt8], _ order: KeyOrder) -> Int {
    a.withUnsafeBytes { left in b.withUnsafeBytes { order.compareWithoutTimestamp(left, $0) } }
  }
}
