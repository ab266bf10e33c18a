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
  private var spans = 0
  private var held: HeldMoment?
  /// Additions to the counter that were committed.
  private(set) var added = 0
  /// What merge operands have added to the sum.
  private(set) var merged = 0

  /// A snapshot, and what it has shown.
  private struct HeldMoment {
    let snapshot: Snapshot
    let values: [[UInt8]?]
  }

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
    case 0..<29: try writeBatch()
    case 29..<57: try useRegister()
    case 57..<66: try count()
    case 66..<70: try flip()
    case 70..<74: try addUp()
    case 74..<78: try rewriteSpan()
    case 78..<83: try observer.checkSnapshot()
    case 83..<87: try walk()
    case 87..<89: try holdMoment()
    case 89..<92: try database.flush(below(2) == 0 ? nil : history.second)
    case 92..<94: try database.compactRange(in: below(2) == 0 ? nil : history.second)
    case 94..<96: try useFamily()
    case 96..<97: try checkpoint()
    case 97..<98: try database.syncLog()
    case 98..<99: try ask()
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

  private mutating func addUp() throws(DatabaseError) {
    let part = 1 + below(9)
    try database.merge(History.sum, History.value(part))
    merged += part
  }

  /// The keys that it wrote the last time go by a range deletion, and new ones come, all at once.
  private mutating func rewriteSpan() throws(DatabaseError) {
    let family = index % 2 == 0 ? 0 : history.second.id
    let number = spans + 1
    var batch = WriteBatch()
    try batch.deleteRange(History.span(index), History.end(History.span(index)), family: family)
    for key in 0..<History.marks {
      try batch.put(History.spanned(index, number, key), History.value(number, padding: below(60)), family: family)
    }
    try database.write(&batch)
    spans = number
  }

  /// Over everything, while the thread itself takes away what the cursor stands on.
  private mutating func walk() throws(DatabaseError) {
    let (database, choice) = (database, below(4))
    try observer.checkCursor(isBackward: below(2) == 0) { () throws(DatabaseError) in
      switch choice {
      case 0: try database.flush()
      case 1: try database.compactRange()
      default: try database.put(Array("walked".utf8), [])
      }
    }
  }

  /// What a snapshot has shown it shows many steps later.
  private mutating func holdMoment() throws(DatabaseError) {
    let keys = (0..<History.registers).map(History.register) + [History.counter, History.sum]
    if let held {
      self.held = nil
      if try database.multiGet(keys, at: held.snapshot) != held.values { history.fail("a held snapshot has changed") }
    } else {
      let snapshot = database.snapshot()
      held = HeldMoment(snapshot: snapshot, values: try database.multiGet(keys, at: snapshot))
    }
  }

  private mutating func ask() throws(DatabaseError) {
    _ = try database.approximateSize(from: History.rows(index), in: below(2) == 0 ? nil : history.second)
    if database.statistics.entriesWritten == 0, batches > 0 { history.fail("nothing was counted") }
    if database.failure != nil { history.fail("\(String(describing: database.failure))") }
    if below(2) == 0 { try database.waitForBackgroundWork() }
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
