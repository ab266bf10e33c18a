@testable import SofaDB

/// Looks at a database while others write to it, and says what cannot be.
struct Observer {
  private let history: History
  private let database: Database
  private let second: LiveFamily

  init(_ history: History, _ database: Database, _ second: LiveFamily) {
    self.history = history
    self.database = database
    self.second = second
  }

  /// A snapshot sees of each thread a whole number of batches, all that were acknowledged before it among them, and
  /// sees the same when asked again.
  func checkSnapshot() throws(DatabaseError) {
    let least = history.done.map(\.now)
    let snapshot = database.snapshot()
    var numbers: [Int] = []
    for thread in 0..<History.threads {
      let number = try mark(thread, at: snapshot)
      numbers.append(number)
      let most = history.begun[thread].now
      if number < least[thread] || number > most {
        history.fail("a snapshot sees batch \(number) of \(thread), and not one of \(least[thread])...\(most)")
      }
    }
    try checkPair(snapshot)
    try checkIngested(snapshot)
    for thread in 0..<History.threads {
      var cursor = try database.cursor(prefix: History.rows(thread), in: thread % 2 == 0 ? nil : second, at: snapshot)
      try cursor.seekToFirst()
      try checkRows(&cursor, thread, numbers[thread], "a snapshot")
      try checkSpan(thread, at: snapshot)
      let again = try mark(thread, at: snapshot)
      if again != numbers[thread] { history.fail("a snapshot saw batch \(numbers[thread]), and then \(again)") }
    }
  }

  /// The number that all marks of a thread show, in both families.
  private func mark(_ thread: Int, at snapshot: Snapshot) throws(DatabaseError) -> Int {
    var numbers: [Int] = []
    for index in 0..<History.marks {
      for family in [nil, second] {
        let value = try database.get(History.mark(thread, index), in: family, at: snapshot)
        numbers.append(value.map(History.number) ?? 0)
      }
    }
    if Set(numbers).count != 1 { history.fail("a batch of \(thread) is seen in parts: \(numbers)") }
    return numbers[0]
  }

  private func checkPair(_ snapshot: Snapshot) throws(DatabaseError) {
    let left = try database.get(History.left, at: snapshot).map(History.number) ?? 1
    let right = try database.get(History.right, at: snapshot).map(History.number) ?? 1
    if left + right < 1 { history.fail("both of a pair are off: write skew") }
  }

  private func checkIngested(_ snapshot: Snapshot) throws(DatabaseError) {
    var numbers: [Int] = []
    for round in 0..<2 {
      for index in 0..<History.marks {
        let value = try database.get(History.ingested(index), at: snapshot)
        numbers.append(value.map(History.number) ?? 0)
      }
      if round == 0 { try checkPair(snapshot) }
    }
    if Set(numbers).count != 1 { history.fail("an ingestion is seen in parts: \(numbers)") }
  }

  private func checkRows(
    _ cursor: inout Cursor, _ thread: Int, _ count: Int, _ what: String
  ) throws(DatabaseError) {
    for number in stride(from: 1, through: count, by: 1) {
      guard cursor.isValid else { return history.fail("\(what) lacks row \(number) of \(count) of \(thread)") }
      if !cursor.key.elementsEqual(History.row(thread, number)) {
        return history.fail("\(what) has another row where \(number) of \(count) of \(thread) should be")
      }
      try cursor.next()
    }
    if cursor.isValid, cursor.key.starts(with: History.rows(thread)) {
      history.fail("\(what) has a row of \(thread) behind its \(count)")
    }
  }

  /// A span holds what was written last, and nothing of what was there before; forward and backward.
  private func checkSpan(_ thread: Int, at snapshot: Snapshot) throws(DatabaseError) {
    let (start, family) = (History.span(thread), thread % 2 == 0 ? nil : second)
    var found: [(key: [UInt8], number: Int)] = []
    var cursor = try database.cursor(in: family, at: snapshot, from: start, to: History.end(start))
    try cursor.seekToFirst()
    while cursor.isValid {
      found.append(([UInt8](cursor.key), History.number([UInt8](cursor.value))))
      try cursor.next()
    }
    let number = found.first?.number ?? 0
    let expected = number == 0 ? [] : (0..<History.marks).map { History.spanned(thread, number, $0) }
    if found.map(\.key) != expected || !found.allSatisfy({ $0.number == number }) {
      history.fail("a span of \(thread) is seen in parts: \(found)")
    }
    try cursor.seekToLast()
    for key in expected.reversed() {
      guard cursor.isValid, cursor.key.elementsEqual(key) else {
        return history.fail("a span of \(thread) is another one from its end")
      }
      try cursor.previous()
    }
    if cursor.isValid { history.fail("a span of \(thread) has more keys from its end") }
  }

  // MARK: A walk

  /// What a walk has seen, by key or by what keys begin with.
  private struct Seen {
    var marks: [[UInt8]: Int] = [:]
    var rows: [[UInt8]: Int] = [:]
    var spans: [[UInt8]: Set<Int>] = [:]

    mutating func add(_ key: [UInt8], _ value: UnsafeRawBufferPointer) {
      if key.starts(with: "mark/".utf8) { marks[key] = History.number([UInt8](value)) }
      if key.starts(with: "row/".utf8) { rows[Array(key.dropLast(6)), default: 0] += 1 }
      if key.starts(with: "span/".utf8) {
        spans[Array(key.prefix("span/0/".utf8.count)), default: []].insert(History.number([UInt8](value)))
      }
    }
  }

  /// One walk over everything sees one moment, whatever `meanwhile` does in its midst.
  func checkCursor(
    isBackward: Bool, meanwhile: () throws(DatabaseError) -> Void = {}
  ) throws(DatabaseError) {
    var cursor = try database.cursor()
    var seen = Seen()
    var last: [UInt8]?
    var steps = 0
    if isBackward { try cursor.seekToLast() } else { try cursor.seekToFirst() }
    while cursor.isValid {
      let key = [UInt8](cursor.key)
      if let last, !(isBackward ? key.lexicographicallyPrecedes(last) : last.lexicographicallyPrecedes(key)) {
        history.fail("a cursor turns round")
      }
      seen.add(key, cursor.value)
      last = key
      steps += 1
      if steps == 5 { try meanwhile() }
      if steps % 8 == 0 { try turn(&cursor, isBackward: isBackward) }
      if isBackward { try cursor.previous() } else { try cursor.next() }
    }
    for thread in 0..<History.threads {
      let numbers = Set((0..<History.marks).map { seen.marks[History.mark(thread, $0)] ?? 0 })
      if numbers.count != 1 { history.fail("a cursor sees a batch of \(thread) in parts: \(numbers)") }
      guard thread % 2 == 0 else { continue }
      let rows = seen.rows[History.rows(thread)] ?? 0
      if numbers != [rows] { history.fail("a cursor sees \(rows) rows of \(thread) with batch \(numbers)") }
      let spans = seen.spans[History.span(thread)] ?? []
      if spans.count > 1 { history.fail("a cursor sees a span of \(thread) in parts: \(spans)") }
    }
  }

  /// A step back and one forth end where they began.
  private func turn(_ cursor: inout Cursor, isBackward: Bool) throws(DatabaseError) {
    let (key, value) = ([UInt8](cursor.key), [UInt8](cursor.value))
    if isBackward { try cursor.next() } else { try cursor.previous() }
    if cursor.isValid {
      if isBackward { try cursor.previous() } else { try cursor.next() }
    } else {
      try cursor.seek(key)
    }
    if !cursor.isValid || !cursor.key.elementsEqual(key) || !cursor.value.elementsEqual(value) {
      history.fail("a cursor that turned twice is elsewhere")
    }
  }
}
