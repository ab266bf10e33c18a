/// Cursors over memtables and tables against a model of sorted arrays, at many snapshots, in all known orders, and
/// while writers add to the memtable.
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct VisibleCursorTests {
  @Test(arguments: CursorCase.orders, 0..<30)
  func scansAndSeeksAgreeWithTheModel(order: KeyOrder, seed: Int) throws {
    let history = try CursorCase(seed: seed, order: order)
    var random = SeededRandom(seed: UInt64(seed))
    let snapshots =
      [0, history.lastSequence] + (0..<4).map { _ in UInt64(random.below(Int(history.lastSequence) + 1)) }
    for snapshot in snapshots {
      let bounds = (0..<2).map { _ in random.below(3) == 0 ? history.anyKey(&random) : nil }
      let rows = try history.rows(at: snapshot, from: bounds[0], to: bounds[1])
      var cursor = history.cursor(at: snapshot, from: bounds[0], to: bounds[1])
      try cursor.seekToFirst()
      #expect(try rest(&cursor) == rows)
      for _ in 0..<5 {
        let key = history.anyKey(&random)
        try cursor.seek(key)
        #expect(try rest(&cursor) == rows.filter { history.compare($0.key, key) >= 0 })
      }
    }
  }

  private func rest(_ cursor: inout VisibleCursor) throws -> [CursorCase.Row] {
    var found: [CursorCase.Row] = []
    while cursor.isValid {
      found.append(CursorCase.row(cursor))
      try cursor.next()
    }
    return found
  }

  /// A reader at a snapshot sees the same whatever is added meanwhile, range deletions of everything too.
  @Test(arguments: CursorCase.orders)
  func writersDoNotDisturbASnapshot(order: KeyOrder) throws {
    let history = try CursorCase(seed: 7, order: order, steps: 400)
    let snapshot = history.lastSequence
    let rows = try history.rows(at: snapshot)
    let running = Atomic<Int>(2)
    let faults = Atomic<Int>(0)
    Workers.run(4) { thread in
      if thread < 2 {
        var random = SeededRandom(seed: UInt64(thread))
        var finger = Memtable.Finger()
        let stamp = [UInt8](repeating: 0xFF, count: order.timestampSize)
        for index in 0..<3_000 {
          let sequence = snapshot + UInt64(2 * index + thread + 1)
          let isRange = index % 100 == 0
          let ends = [[], [UInt8](repeating: 0xFF, count: 20)].sorted { history.compare($0, $1) < 0 }
          let key = isRange ? ends[0] : history.anyKey(&random)
          MemtableTests.add(
            history.memtables.last!, key + stamp, sequence, isRange ? .rangeDeletion : .value, ends[1] + stamp, &finger)
        }
        running.subtract(1, ordering: .releasing)
      } else {
        let cache = TableCache(directory: history.directory)
        var rounds = 0
        while running.load(ordering: .acquiring) > 0 || rounds < 2 {
          rounds += 1
          do {
            var cursor = history.cursor(at: snapshot, cache: cache)
            try cursor.seekToFirst()
            if try rest(&cursor) != rows { faults.add(1, ordering: .relaxed) }
          } catch {
            faults.add(1, ordering: .relaxed)
          }
        }
      }
    }
    #expect(faults.load(ordering: .relaxed) == 0)
  }
}
