import SofaTesting
import Synchronization

@testable import SofaDB

/// One of the threads of a history.
struct Actor {
  private let history: History
  private let index: Int
  private let observer: Observer
  private var random: SeededRandom
  private var batches = 0
  private var ingestions = 0
  private var values = 0
  private(set) var log = RegisterLog()
  /// Additions to the counter that were committed.
  private(set) var added = 0

  init(_ history: History, _ index: Int) {
    self.history = history
    self.index = index
    observer = Observer(history, history.database, history.second)
    random = SeededRandom(seed: history.seed &* 1000 &+ UInt64(index))
  }

  private var database: Database { history.database }

  mutating func run() {
    for step in 0..<history.steps {
      do throws(DatabaseError) {
        if history.closesEarly, index == 0, step == history.steps * 2 / 3 { try database.close() }
        try act()
      } catch {
        // Closed by the first of us.
        if history.closesEarly, isClosed(error) { return }
        history.fail("thread \(index), step \(step): \(error)")
        return
      }
    }
  }

  private func isClosed(_ error: DatabaseError) -> Bool {
    (error.kind == .invalid || error.kind == .cancelled) && database.engine.isClosed.load(ordering: .relaxed)
  }

  private mutating func act() throws(DatabaseError) {
    switch below(100) {
    case 0..<35: try writeBatch()
    case 35..<65: try useRegister()
    case 65..<75: try count()
    case 75..<80: try flip()
    case 80..<86: try observer.checkSnapshot()
    case 86..<90: try observer.checkCursor()
    case 90..<93: try database.flush(below(2) == 0 ? nil : history.second)
    case 93..<95: try database.compactRange(in: below(2) == 0 ? nil : history.second)
    case 95..<97: try useFamily()
    case 97..<98: try checkpoint()
    case 98..<99: try database.syncLog()
    default: if index == 1 { try ingest() } else { try database.flush() }
    }
  }

  private mutating func writeBatch() throws(DatabaseError) {
    var batch = WriteBatch()
    let number = batches + 1
    let value = History.value(number, padding: 20 + below(150))
    for mark in 0..<History.marks {
      try batch.put(History.mark(index, mark), value)
      try batch.put(History.mark(index, mark), value, family: history.second.id)
    }
    try batch.put(History.row(index, number), value, family: index % 2 == 0 ? 0 : history.second.id)
    history.begun[index].set(number)
    try database.write(&batch, WriteOptions(sync: below(10) == 0, usesLog: below(20) != 0))
    batches = number
    history.done[index].set(number)
  }

  private mutating func useRegister() throws(DatabaseError) {
    let key = History.register(below(History.registers))
    let choice = below(5)
    // Kept below what the check can hold, whatever the threads choose.
    guard log.entries.lazy.filter({ $0.key == key }).count < 7 else { return }
    values += 1
    let value = History.value(index << 32 | values)
    let start = History.time
    switch choice {
    case 0, 1:
      let found = try database.get(key)
      log.add(key, .read(found), from: start, to: History.time)
    case 2:
      try database.delete(key)
      log.add(key, .write(nil), from: start, to: History.time)
    default:
      try database.put(key, value)
      log.add(key, .write(value), from: start, to: History.time)
    }
  }

  /// Adds one, as often as it takes.
  private mutating func count() throws(DatabaseError) {
    while true {
      let transaction = database.transaction()
      let sum = try transaction.getForUpdate(History.counter).map(History.number) ?? 0
      try transaction.put(History.counter, History.value(sum + 1))
      do throws(DatabaseError) {
        try transaction.commit()
        added += 1
        return
      } catch {
        if error.kind != .conflict { throw error }
      }
    }
  }

  /// Turns one of a pair off where both are on, and on where it is off: never both are off.
  private mutating func flip() throws(DatabaseError) {
    let (mine, other) = below(2) == 0 ? (History.left, History.right) : (History.right, History.left)
    let transaction = database.transaction()
    let isOn = try transaction.getForUpdate(mine).map(History.number) ?? 1
    let isOtherOn = try transaction.getForUpdate(other).map(History.number) ?? 1
    try transaction.put(mine, History.value(isOn == 0 ? 1 : isOtherOn == 1 ? 0 : 1))
    do throws(DatabaseError) { try transaction.commit() } catch { if error.kind != .conflict { throw error } }
  }

  /// A family of its own, made and dropped; others find it and write to it, as long as it is there.
  private mutating func useFamily() throws(DatabaseError) {
    let made = try database.createFamily("own-\(index)-\(batches)-\(values)-\(below(1 << 30))")
    for key in 0..<10 { try database.put([UInt8(key)], History.value(key, padding: 300), in: made) }
    for other in database.families where other.id != 0 && other.id != history.second.id && other.id != made.id {
      do throws(DatabaseError) {
        try database.put([0xFF], [1], in: other)
        _ = try database.get([0xFF], in: other)
      } catch {
        if error.kind != .invalid { throw error }
      }
    }
    for key in 0..<10 where try database.get([UInt8(key)], in: made).map(History.number) != key {
      history.fail("a new family lost a key")
    }
    try database.dropFamily(made)
  }

  /// A copy that opens, and holds one moment.
  private mutating func checkpoint() throws(DatabaseError) {
    let path = history.path + "-copy-\(index)-\(batches)-\(values)-\(below(1 << 30))"
    try database.checkpoint(to: path, in: history.fileSystem)
    let copy = try Database.open(path, options: History.options(history.seed), in: history.fileSystem)
    for thread in 0..<History.threads {
      let marks = try copy.multiGet((0..<History.marks).map { History.mark(thread, $0) })
      if Set(marks).count != 1 { history.fail("a checkpoint holds a batch of \(thread) in parts") }
    }
    try copy.close()
  }

  private mutating func ingest() throws(DatabaseError) {
    ingestions += 1
    let parts = history.path.split(separator: "/", omittingEmptySubsequences: false)
    let parent = parts.dropLast().joined(separator: "/")
    let directory = try history.fileSystem.directory(at: parent)
    var options = TableOptions()
    options.external = true
    let name = "ingest-\(ingestions).sst"
    let writer = try TableWriter(file: directory.create(name), options: options)
    for key in 0..<History.marks {
      let (key, value) = (ByteBuffer(History.ingested(key)), ByteBuffer(History.value(ingestions)))
      try writer.add(userKey: key.bytes, sequence: 0, kind: .value, value: value.bytes)
      withExtendedLifetime((key, value)) {}
    }
    _ = try writer.finish()
    try database.ingest(
      Ingest([FileTarget(try history.fileSystem.readableDirectory(at: parent), name)]), sources: history.fileSystem)
    try directory.remove(name)
  }

  private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
}
