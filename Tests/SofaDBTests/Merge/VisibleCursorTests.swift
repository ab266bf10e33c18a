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

  /// Any sequence of moves, turns included, between any bounds.
  @Test(arguments: CursorCase.orders, 0..<50)
  func F4_movesAgreeWithTheModel(order: KeyOrder, seed: Int) throws {
    let history = try CursorCase(seed: seed, order: order)
    let cache = TableCache(directory: history.directory)
    var random = SeededRandom(seed: UInt64(seed) + 1000)
    for round in 0..<6 {
      let snapshot = round == 0 ? history.lastSequence : UInt64(random.below(Int(history.lastSequence) + 1))
      let bounds = (0..<2).map { _ in random.below(3) == 0 ? history.anyKey(&random) : nil }
      let rows = try history.rows(at: snapshot, from: bounds[0], to: bounds[1])
      var cursor = history.cursor(at: snapshot, from: bounds[0], to: bounds[1], cache: cache)
      var place: Int?
      for move in 0..<50 {
        switch random.below(14) {
        case 0:
          try cursor.seekToFirst()
          place = rows.indices.first
        case 1:
          try cursor.seekToLast()
          place = rows.indices.last
        case 2:
          let key = history.anyKey(&random)
          try cursor.seek(key)
          place = rows.firstIndex { history.compare($0.key, key) >= 0 }
        case 3:
          let key = history.anyKey(&random)
          try cursor.seek(atOrBefore: key)
          place = rows.lastIndex { history.compare($0.key, key) <= 0 }
        case 4...8:
          try cursor.next()
          place = place.flatMap { $0 + 1 < rows.count ? $0 + 1 : nil }
        default:
          try cursor.previous()
          place = place.flatMap { $0 > 0 ? $0 - 1 : nil }
        }
        let found = cursor.isValid ? CursorCase.row(cursor) : nil
        try #require(found == place.map { rows[$0] }, "round \(round), move \(move)")
      }
    }
  }

  @Test(arguments: 0..<20)
  func bothWaysShowTheSame(seed: Int) throws {
    let history = try CursorCase(seed: seed, order: CursorCase.orders[seed % 4], steps: 300)
    let rows = try history.rows(at: history.lastSequence)
    var cursor = history.cursor(at: history.lastSequence)
    try cursor.seekToLast()
    #expect(try backwardRest(&cursor) == rows.reversed())
  }

  /// A file that cannot be read ends every walk with an error that stays until the cursor is placed anew.
  @Test(arguments: 0..<30)
  func errorsAreToldAgain(seed: Int) throws {
    let history = try CursorCase(seed: seed, order: CursorCase.orders[seed % 4])
    let rows = try history.rows(at: history.lastSequence)
    let cache = TableCache(directory: history.directory)
    var cursor = history.cursor(at: history.lastSequence, cache: cache)
    try cursor.seekToFirst()
    #expect(try rest(&cursor) == rows)
    let file = history.directory.files.sorted { $0.key < $1.key }[seed % history.directory.files.count].value
    file.failsFrom = 0
    var seen: [CursorCase.Row] = []
    var failed = false
    do {
      if seed % 2 == 0 { try cursor.seekToFirst() } else { try cursor.seekToLast() }
      while cursor.isValid {
        seen.append(CursorCase.row(cursor))
        if seed % 2 == 0 { try cursor.next() } else { try cursor.previous() }
      }
    } catch { failed = true }
    let isInvalid = !cursor.isValid
    // A table may hold nothing but range deletions.
    #expect((failed && isInvalid && seen.count < rows.count) || seen.count == rows.count)
    #expect((seed % 2 == 0 ? rows : rows.reversed()).starts(with: seen))
    if failed {
      do {
        try cursor.next()
        Issue.record("a failed cursor went on")
      } catch { #expect(error.kind == .io(5)) }
      do {
        try cursor.previous()
        Issue.record("a failed cursor went back")
      } catch { #expect(error.kind == .io(5)) }
    }
    file.failsFrom = nil
    try cursor.seekToLast()
    #expect(try backwardRest(&cursor) == rows.reversed())
  }

  /// A refusal is an error of that key alone, whichever way it is met.
  @Test func refusedOperandsAreAnError() throws {
    let memtable = Memtable(order: .bytewise)
    var finger = Memtable.Finger()
    let operands: [[UInt8]] = [[5], [0], [7]]
    for (index, operand) in operands.enumerated() {
      MemtableTests.add(memtable, [UInt8(index + 1)], UInt64(index + 1), .merge, operand, &finger)
    }
    let refusing = CustomMerge(name: "mine") { _, _, operands in operands == [[0]] ? nil : operands[0] }
    var cursor = VisibleCursor(
      MergingCursor([EntrySource(memtable)], order: .bytewise), order: .bytewise, snapshot: 9,
      tombstones: RangeTombstones([], order: .bytewise), mergeOperator: .custom(refusing),
      blobs: BlobStore(directory: MemoryDirectory([:])), start: nil, end: nil)
    for isForward in [true, false] {
      if isForward { try cursor.seekToFirst() } else { try cursor.seekToLast() }
      #expect(CursorCase.row(cursor).value == (isForward ? [5] : [7]))
      for _ in 0..<2 {
        do {
          if isForward { try cursor.next() } else { try cursor.previous() }
          Issue.record("nothing was thrown")
        } catch { #expect(error.kind == .corruption) }
        let isValid = cursor.isValid
        #expect(!isValid)
      }
    }
    try cursor.seek([3])
    #expect(CursorCase.row(cursor).value == [7])
  }

  private func backwardRest(_ cursor: inout VisibleCursor) throws -> [CursorCase.Row] {
    var found: [CursorCase.Row] = []
    while cursor.isValid {
      found.append(CursorCase.row(cursor))
      try cursor.previous()
    }
    return found
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
            try cursor.seekToLast()
            if try backwardRest(&cursor) != rows.reversed() { faults.add(1, ordering: .relaxed) }
          } catch {
            faults.add(1, ordering: .relaxed)
          }
        }
      }
    }
    #expect(faults.load(ordering: .relaxed) == 0)
  }
}
