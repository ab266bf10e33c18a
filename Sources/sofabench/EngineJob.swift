import SofaDB
internal import Synchronization

/// What each thread of a benchmark does.
final class EngineJob: Sendable {
  private let workload: EngineWorkload
  private let database: Database
  private let settings: EngineBench.Settings
  private let text: ByteBuffer
  private let isStopped = Atomic(false)
  private let writerFailure = Mutex<DatabaseError?>(nil)

  init(_ workload: EngineWorkload, on database: Database, _ settings: EngineBench.Settings, _ text: ByteBuffer) {
    self.workload = workload
    self.database = database
    self.settings = settings
    self.text = text
  }

  /// Of the thread that writes beside the others.
  var failure: DatabaseError? { writerFailure.withLock { $0 } }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  func run(_ thread: Int, of threads: Int) throws(DatabaseError) -> EngineResult.Work {
    let number = settings.number
    let share = number / UInt64(threads)
    let count = thread == threads - 1 ? number - share * UInt64(threads - 1) : share
    switch workload {
    case .fillseq: return try fill(thread, count, from: share * UInt64(thread), settings.write)
    case .fillrandom, .overwrite: return try fill(thread, count, from: nil, settings.write)
    case .fillsync: return try fill(thread, count, from: nil, WriteOptions(sync: true))
    case .deleterandom: return try fill(thread, count, from: nil, settings.write, deletes: true)
    case .readrandom, .readwhilewriting: return try read(thread, missing: false)
    case .readmissing: return try read(thread, missing: true)
    case .readseq: return try walk(backward: false)
    case .readreverse: return try walk(backward: true)
    case .seekrandom: return try seek(thread)
    case .flush: try database.flush()
    case .compact: try database.compactRange()
    case .waitforcompaction: try database.waitForBackgroundWork()
    case .stats: break
    }
    return EngineResult.Work(operations: 1)
  }

  /// Overwrites random keys until `stop`.
  func writeUntilStopped() {
    do throws(DatabaseError) {
      var load = load(1000)
      var batch = WriteBatch()
      while !isStopped.load(ordering: .relaxed) {
        load.setKey(load.random(below: settings.number))
        batch.removeAll()
        try load.putNextValue(into: &batch)
        try database.write(&batch, settings.write)
      }
    } catch {
      writerFailure.withLock { $0 = error }
    }
  }

  private func load(_ thread: Int) -> EngineLoad {
    let salt = UInt64(truncatingIfNeeded: workload.rawValue.utf8.reduce(7) { $0 &* 31 &+ Int($1) })
    return EngineLoad(
      text: text, keySize: settings.keySize, valueSize: settings.valueSize, seed: settings.seed &+ salt, thread: thread)
  }

  /// Times operations that follow each other with one look at the clock for each.
  private struct Watch {
    let isOn: Bool
    var last: Double

    init(isOn: Bool) {
      self.isOn = isOn
      last = isOn ? MonotonicClock.seconds : 0
    }

    @inline(__always)
    mutating func lap(_ histogram: inout Histogram) {
      guard isOn else { return }
      let now = MonotonicClock.seconds
      histogram.add(UInt64((now - last) * 1e9))
      last = now
    }
  }

  private func fill(
    _ thread: Int, _ count: UInt64, from first: UInt64?, _ options: WriteOptions, deletes: Bool = false
  ) throws(DatabaseError) -> EngineResult.Work {
    var work = EngineResult.Work(operations: count)
    var load = load(thread)
    var batch = WriteBatch()
    var watch = Watch(isOn: settings.isTimed)
    for index in 0..<count {
      load.setKey(first.map { $0 + index } ?? load.random(below: settings.number))
      batch.removeAll()
      if deletes { try batch.delete(load.key) } else { try load.putNextValue(into: &batch) }
      try database.write(&batch, options)
      watch.lap(&work.histogram)
    }
    work.bytes = count * UInt64(settings.keySize + (deletes ? 0 : settings.valueSize))
    return work
  }

  private func read(_ thread: Int, missing: Bool) throws(DatabaseError) -> EngineResult.Work {
    var work = EngineResult.Work(operations: settings.reads)
    var load = load(thread)
    var watch = Watch(isOn: settings.isTimed)
    for _ in 0..<settings.reads {
      let number = load.random(below: settings.number)
      if missing { load.setMissingKey(number) } else { load.setKey(number) }
      let size = try database.withValue(of: load.key) { (value) throws(DatabaseError) in value?.count ?? -1 }
      if size >= 0 {
        work.found += 1
        work.bytes += UInt64(settings.keySize + size)
      }
      watch.lap(&work.histogram)
    }
    return work
  }

  private func walk(backward: Bool) throws(DatabaseError) -> EngineResult.Work {
    var work = EngineResult.Work()
    var cursor = try database.cursor()
    if backward { try cursor.seekToLast() } else { try cursor.seekToFirst() }
    while cursor.isValid, work.operations < settings.reads {
      work.operations += 1
      work.bytes += UInt64(cursor.key.count + cursor.value.count)
      if backward { try cursor.previous() } else { try cursor.next() }
    }
    work.found = work.operations
    return work
  }

  private func seek(_ thread: Int) throws(DatabaseError) -> EngineResult.Work {
    var work = EngineResult.Work(operations: settings.reads)
    var load = load(thread)
    var watch = Watch(isOn: settings.isTimed)
    var cursor = try database.cursor()
    for _ in 0..<settings.reads {
      load.setKey(load.random(below: settings.number))
      if !settings.reusesCursor { cursor = try database.cursor() }
      try cursor.seek(load.key)
      if cursor.isValid {
        work.bytes += UInt64(cursor.key.count + cursor.value.count)
        if cursor.key.elementsEqual(load.key) { work.found += 1 }
      }
      watch.lap(&work.histogram)
    }
    return work
  }
}
