import Glibc
import SofaTesting
import Synchronization

@testable import SofaDB

/// What the threads of an engine share without a lock, or under many, each alone and as busy as it never is in a
/// history. Each check says what did not hold; `rounds` is about what one thread does.
enum SharedParts {
  static let all: [@Sendable (_ rounds: Int) throws -> [String]] = [
    arena, memtable, blockCache, tableCache, writerGate, viewSlot, setOnce,
  ]

  /// Gathers what threads find without ordering them, but for a failure.
  private final class Failures: Sendable {
    private let list = Monitor<[String]>([])
    var all: [String] { list.change { $0 } }
    func require(_ holds: Bool, _ message: @autoclosure () -> String) {
      if !holds { list.change { [message = message()] in $0.append(message) } }
    }
  }

  // MARK: Memory

  /// Pieces do not overlap, and what is used only grows.
  @Sendable static func arena(_ rounds: Int) -> [String] {
    let failures = Failures()
    let arena = Arena()
    let threads = 4
    let running = Atomic(threads)
    let all = Monitor<[(start: UInt, count: Int)]>([])
    Workers.run(threads + 1) { thread in
      guard thread > 0 else {
        var before = 0
        while running.load(ordering: .relaxed) > 0 {
          let used = arena.used
          failures.require(used >= before, "an arena uses \(used) after \(before)")
          before = used
        }
        return failures.require(before <= arena.used, "an arena has used \(before), and then \(arena.used)")
      }
      var random = SeededRandom(seed: UInt64(thread))
      var mine: [(start: UInt, count: Int)] = []
      for _ in 0..<rounds {
        let isLarge = Int.random(in: 0..<100, using: &random) == 0
        let count = Int.random(in: 1...(isLarge ? 400_000 : 300), using: &random)
        let piece = arena.address(arena.take(count))
        piece.storeBytes(of: UInt8(thread), toByteOffset: 0, as: UInt8.self)
        piece.storeBytes(of: UInt8(thread), toByteOffset: count - 1, as: UInt8.self)
        mine.append((UInt(bitPattern: piece), count))
      }
      all.change { [mine] in $0 += mine }
      running.subtract(1, ordering: .relaxed)
    }
    let pieces = all.change { $0.sorted { $0.start < $1.start } }
    failures.require(pieces.allSatisfy { $0.start % 8 == 0 }, "a piece is not aligned")
    let overlaps = zip(pieces, pieces.dropFirst()).filter { $0.start + UInt($0.count) > $1.start }
    failures.require(overlaps.isEmpty, "pieces overlap: \(overlaps)")
    let sum = pieces.reduce(0) { $0 + $1.count }
    failures.require(arena.used >= sum, "\(arena.used) bytes are used for \(sum)")
    return failures.all
  }

  /// Each thread adds its own keys, interleaved with all others', while readers walk: what they see is in order, whole,
  /// and never less than before.
  @Sendable static func memtable(_ rounds: Int) -> [String] {
    let failures = Failures()
    let memtable = Memtable(order: .bytewise)
    let writers = 6
    let running = Atomic(writers)
    Workers.run(writers + 2) { thread in
      if thread < writers {
        fill(memtable, rounds, thread, of: writers)
        running.subtract(1, ordering: .releasing)
        return
      }
      var seen = 0
      var isLast = false
      while !isLast {
        isLast = running.load(ordering: .acquiring) == 0
        let count = walk(memtable, failures)
        failures.require(count >= seen, "a memtable of \(seen) entries has \(count)")
        seen = count
      }
      failures.require(seen == writers * rounds, "\(seen) entries, not \(writers * rounds)")
    }
    let all = 1...UInt64(writers * rounds)
    failures.require(memtable.count == writers * rounds && memtable.sequences == all, "entries are not counted")
    // Every sequence number once: no entry was lost to another thread's link.
    var cursor = memtable.cursor()
    var found: [UInt64] = []
    cursor.seekToLast()
    while cursor.isValid {
      found.append(cursor.key.internalKeyTrailer >> 8)
      cursor.previous()
    }
    failures.require(found.sorted().elementsEqual(all), "entries are lost")
    return failures.all
  }

  private static func fill(_ memtable: Memtable, _ rounds: Int, _ thread: Int, of threads: Int) {
    var finger = Memtable.Finger()
    var random = SeededRandom(seed: UInt64(thread))
    for index in 0..<rounds {
      let sequence = UInt64(index * threads + thread + 1)
      // Half in order, as a load would, half anywhere.
      let number = index % 2 == 0 ? sequence : UInt64.random(in: 0...1 << 20, using: &random)
      withUnsafeBytes(of: number.bigEndian) {
        memtable.add(userKey: $0, sequence: sequence, kind: .value, value: $0, finger: &finger)
      }
    }
  }

  private static func walk(_ memtable: Memtable, _ failures: Failures) -> Int {
    var count = 0
    var cursor = memtable.cursor()
    var before: UnsafeRawBufferPointer?
    cursor.seekToFirst()
    while cursor.isValid {
      let key = cursor.key
      let isOrdered = before.map { KeyOrder.bytewise.compareInternal($0, key) < 0 } ?? true
      failures.require(isOrdered && cursor.value.elementsEqual(key.dropLast(8)), "a memtable is torn")
      before = key
      count += 1
      cursor.next()
    }
    return count
  }

  // MARK: Caches

  @Sendable static func blockCache(_ rounds: Int) -> [String] {
    let failures = Failures()
    let cache = BlockCache(capacity: 300_000)
    let threads = 6
    Workers.run(threads) { thread in
      var random = SeededRandom(seed: UInt64(thread))
      for _ in 0..<rounds {
        let number = Int.random(in: 0..<200, using: &random)
        let key = BlockCache.Key(table: 1, offset: UInt64(number) << 12)
        if let block = cache.block(key) {
          failures.require(block.bytes[3_999] == UInt8(number), "a block is another one")
        } else {
          cache.insert(
            ByteBuffer([UInt8](repeating: UInt8(number), count: 4_000)), key, isPriority: number % 8 == 0)
        }
      }
    }
    let statistics = cache.statistics
    failures.require(statistics.bytes <= 300_000 && statistics.blocks > 0, "the cache is too large or empty")
    failures.require(statistics.hits + statistics.misses == UInt64(threads * rounds), "reads are not counted")
    return failures.all
  }

  /// Tables are opened, evicted and removed under those who read them, through the cache and through the map of a
  /// version that keeps some of them.
  @Sendable static func tableCache(_ rounds: Int) throws -> [String] {
    let failures = Failures()
    let directory = try TemporaryDirectory(inMemory: true)
    let tables = try (1...40).map { try table($0, in: directory.path) }
    let cache = TableCache(
      directory: try PosixFileSystem().readableDirectory(at: directory.path), limit: 16, pinLimit: 8,
      blocks: BlockCache(capacity: 4 << 10))
    let map = LevelMap([[], tables], order: .bytewise, cache: cache)
    Workers.run(4) { thread in
      var random = SeededRandom(seed: UInt64(thread))
      for _ in 0..<rounds / 10 {
        let table = tables[random.below(tables.count)]
        let key = ByteBuffer([UInt8](table.smallest.userKey))
        do throws(DatabaseError) {
          var isFound = try cache.reader(table, order: .bytewise).has(key)
          let prefix = KeyOrder.bytewise.prefix(of: key.bytes)
          let isMapped = try map.forEachTable(over: key.bytes, prefix: prefix) { (table, _) throws(DatabaseError) in
            try table.has(key)
          }
          isFound = isFound && isMapped
          failures.require(isFound, "a key of table \(table.number) is not found")
        } catch { failures.require(false, "\(error)") }
        if random.below(20) == 0 { cache.remove(table.number) }
      }
    }
    withExtendedLifetime(directory) {}
    return failures.all
  }

  private static func table(_ number: Int, in directory: String) throws -> TableMetadata {
    let name = DatabaseFile.table(UInt64(number), .sst).name
    let writer = try TableWriter(
      file: PosixFileSystem().directory(at: directory).create(name), options: TableOptions())
    let (key, value) = (ByteBuffer([UInt8(number)]), ByteBuffer([1]))
    try writer.add(userKey: key.bytes, sequence: 1, kind: .value, value: value.bytes)
    withExtendedLifetime((key, value)) {}
    let summary = try writer.finish()
    return TableMetadata(
      number: UInt64(number), level: 1, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: 1, largestSequence: 1)
  }

  // MARK: Writers

  /// Never more than there are places, and everybody gets through.
  @Sendable static func writerGate(_ rounds: Int) -> [String] {
    let failures = Failures()
    let gate = WriterGate(places: 2)
    let inside = Atomic(0)
    let passed = Atomic(0)
    Workers.run(6) { thread in
      for round in 0..<rounds {
        gate.enter()
        let now = inside.add(1, ordering: .relaxed).newValue
        failures.require(now <= 2, "\(now) are inside")
        if round % 64 == thread { sched_yield() }
        inside.subtract(1, ordering: .relaxed)
        gate.leave()
        passed.add(1, ordering: .relaxed)
      }
    }
    let count = passed.load(ordering: .relaxed)
    failures.require(count == 6 * rounds, "\(count) have passed")
    return failures.all
  }

  // MARK: References

  /// Views only go forward, and all of them go.
  @Sendable static func viewSlot(_ rounds: Int) -> [String] {
    struct Reference {
      weak var view: ReadView?
    }
    @Sendable func view(_ number: Int) -> ReadView {
      ReadView(Version(families: [], lastSequence: UInt64(number), nextFileNumber: 1), families: [])
    }
    let failures = Failures()
    let references = Monitor<[Reference]>([])
    do {
      let slot = ViewSlot(view(0))
      let isOver = Atomic(false)
      // Readers on all stripes.
      Workers.run(1 + ViewSlot.stripes) { thread in
        if thread == 0 {
          var made: [Reference] = []
          for number in 1...rounds {
            let next = view(number)
            made.append(Reference(view: next))
            slot.replace(with: next)
          }
          isOver.store(true, ordering: .relaxed)
          references.change { [made] in $0 = made }
        } else {
          var last: UInt64 = 0
          while !isOver.load(ordering: .relaxed) {
            let now = slot.load().version.lastSequence
            failures.require(now >= last, "view \(now) after \(last)")
            last = now
          }
        }
      }
    }
    let left = references.change { $0.count { $0.view != nil } }
    failures.require(left == 0, "\(left) views have stayed")
    return failures.all
  }

  @Sendable static func setOnce(_ rounds: Int) -> [String] {
    final class Payload: Sendable {
      let parts: [Int]
      init(_ parts: [Int]) { self.parts = parts }
    }
    final class Holder: Sendable {
      let place = SetOnce<Payload>()
    }
    let failures = Failures()
    let holders = (0..<rounds).map { _ in Holder() }
    Workers.run(4) { thread in
      for holder in holders {
        if thread < 2, holder.place.value == nil { _ = holder.place.offer(Payload([thread, 7 - thread])) }
        guard let found = holder.place.value?.takeUnretainedValue() else { continue }
        failures.require(found.parts.reduce(0, +) == 7, "an object that was set is torn")
      }
    }
    failures.require(holders.allSatisfy { $0.place.value != nil }, "nothing was set")
    return failures.all
  }
}

extension TableReader {
  fileprivate func has(_ key: ByteBuffer) throws(DatabaseError) -> Bool {
    defer { withExtendedLifetime(key) {} }
    guard case .found(let entry) = try probe(key.bytes, at: .maximum) else { return false }
    return withExtendedLifetime(entry.block) { entry.value.elementsEqual([1]) }
  }
}
