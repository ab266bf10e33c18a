/// Merges sorted runs of rows by internal key, with a loser tree: one comparison a level for each row, and most of them
/// between 64-bit numbers.
///
/// `losers[0]` is the run with the smallest row; `losers[i]` for i > 0 is the run that lost at inner node i. Run r
/// enters at node (r + count) / 2. A run that has ended loses against all others.
struct RunMerger: ~Copyable {
  static let smallestBuffer = 64 << 10

  private struct Cursor {
    var rows: SpilledRows
    var buffer: UnsafeMutableRawBufferPointer
    var filled = 0
    var place = 0
    /// Of the current row.
    var number: UInt64 = 0
    var isAtEnd = false
  }

  private let order: KeyOrder
  private let prefix: KeyPrefix
  private var cursors: [Cursor]
  private var losers: [Int]
  private var hasStarted = false

  init(
    _ runs: [RunWriter.Run], _ order: KeyOrder, _ prefix: KeyPrefix, memory: Int
  ) throws(DatabaseError) {
    self.order = order
    self.prefix = prefix
    let size = min(1 << 20, max(RunMerger.smallestBuffer, memory / max(1, runs.count)))
    cursors = runs.map {
      Cursor(
        rows: SpilledRows([($0.file, $0.extent)]),
        buffer: UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64))
    }
    losers = Array(repeating: -1, count: max(1, runs.count))
    for run in cursors.indices { try refill(run) }
    for run in cursors.indices.reversed() { replay(run) }
  }

  deinit {
    for cursor in cursors { cursor.buffer.deallocate() }
  }

  /// The next row, valid until the next call; nil after the last one.
  mutating func next() throws(DatabaseError) -> EncodedRow? {
    guard !cursors.isEmpty else { return nil }
    if hasStarted {
      try advance(losers[0])
      replay(losers[0])
    }
    hasStarted = true
    let winner = losers[0]
    return cursors[winner].isAtEnd ? nil : row(winner)
  }

  private func row(_ run: Int) -> EncodedRow {
    EncodedRow(cursors[run].buffer.baseAddress! + cursors[run].place)
  }

  private mutating func advance(_ run: Int) throws(DatabaseError) {
    guard !cursors[run].isAtEnd else { return }
    cursors[run].place += row(run).count
    if cursors[run].place == cursors[run].filled { return try refill(run) }
    cursors[run].number = prefix.number(of: row(run).key)
  }

  private mutating func refill(_ run: Int) throws(DatabaseError) {
    while true {
      let (count, rows, wanted) = try cursors[run].rows.fill(cursors[run].buffer)
      if rows == 0, wanted > 0 {
        cursors[run].buffer.deallocate()
        cursors[run].buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: wanted, alignment: 64)
        continue
      }
      cursors[run].filled = count
      cursors[run].place = 0
      cursors[run].isAtEnd = rows == 0
      if rows > 0 { cursors[run].number = prefix.number(of: row(run).key) }
      return
    }
  }

  /// Lets `run` climb from its leaf. While the tree is built, the first to reach a node waits there.
  private mutating func replay(_ run: Int) {
    var winner = run
    var node = (run + cursors.count) / 2
    while node > 0 {
      let waiting = losers[node]
      if waiting < 0 {
        losers[node] = winner
        return
      }
      if precedes(waiting, winner) {
        losers[node] = winner
        winner = waiting
      }
      node /= 2
    }
    losers[0] = winner
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    if cursors[a].isAtEnd { return false }
    if cursors[b].isAtEnd { return true }
    if cursors[a].number != cursors[b].number { return cursors[a].number < cursors[b].number }
    return order.compareInternal(row(a).internalKey, row(b).internalKey) < 0
  }
}
