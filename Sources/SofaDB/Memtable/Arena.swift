internal import Glibc
internal import Synchronization

/// Memory that many threads take piece by piece, and that is given back all at once, when the arena goes.
///
/// A piece has a number of 32 bits, which is half of an address and serves as a link. Numbers count units of 8 bytes;
/// their upper bits name a chunk of 1 MiB. A larger piece has several chunks in a row. The first chunk has only its
/// end, so that a small arena stays small. Pieces are taken by one atomic step; only who needs a new chunk takes a
/// lock.
final class Arena: @unchecked Sendable {
  /// What no piece has.
  static let none: UInt32 = 0
  private static let unitBits = 3
  private static let chunkBits = 17
  private static let chunkUnits: UInt64 = 1 << 17
  /// Units of the first chunk: 16 KiB.
  private static let firstUnits: UInt64 = 1 << 11
  private static let cacheLine = 64

  /// By chunk, where number 0 would be if the chunk reached down to it; 0 while there is no such chunk. Replaced by a
  /// larger one, which says the same of all that was there.
  private typealias Origins = UnsafeMutablePointer<Atomic<UInt>>
  private let origins: Atomic<Origins>
  /// Places in `origins`, or fewer.
  private let capacity: Atomic<Int>
  /// The next number.
  private let next = Atomic<UInt64>(Arena.chunkUnits - Arena.firstUnits)
  /// To be given back: rows of chunks, and tables of origins that were replaced. Taken by whoever makes a chunk.
  private let allocated = Lock<[UnsafeMutableRawPointer]>([])

  init() {
    let places = 32
    origins = Atomic(Arena.makeOrigins(places))
    capacity = Atomic(places)
  }

  deinit {
    allocated.withLock { for memory in $0 { free(memory) } }
    free(origins.load(ordering: .acquiring))
  }

  /// Bytes that were given out, and what is left over at the ends of chunks. Any thread, any time: it only grows, and
  /// is never more than it is for whoever asks later.
  var used: Int {
    Int(next.load(ordering: .relaxed) - (Arena.chunkUnits - Arena.firstUnits)) << Arena.unitBits
  }

  /// The place of a piece.
  @inline(__always)
  func address(_ number: UInt32) -> UnsafeMutableRawPointer {
    // Who knows the number has seen its chunk.
    let origin = origins.load(ordering: .acquiring)[Int(number >> Arena.chunkBits)].load(ordering: .relaxed)
    return UnsafeMutableRawPointer(bitPattern: origin &+ UInt(number) &<< Arena.unitBits).unsafelyUnwrapped
  }

  /// A piece of `count` bytes, at least one, aligned to 8, not zeroed; its life is that of the arena. Any thread, any
  /// time. An arena holds 32 GiB at most.
  @inline(__always)
  func take(_ count: Int) -> UInt32 {
    let units = (UInt64(count) &+ 7) >> Arena.unitBits
    guard units <= Arena.chunkUnits else { return takeChunks(units) }
    var now = next.load(ordering: .relaxed)
    while true {
      // Where the next chunk begins when it does not fit what is left.
      let isRoomy = now ^ (now &+ units &- 1) < Arena.chunkUnits
      let start = isRoomy ? now : Arena.roundedUp(now)
      let (isDone, seen) = next.compareExchange(expected: now, desired: start &+ units, ordering: .relaxed)
      if isDone { return isMade(start) ? UInt32(truncatingIfNeeded: start) : make(start, Arena.chunkUnits) }
      now = seen
    }
  }

  /// More than a chunk: nobody else takes of the chunks, so they can be made in one row.
  @inline(never)
  private func takeChunks(_ units: UInt64) -> UInt32 {
    let units = Arena.roundedUp(units)
    var now = next.load(ordering: .relaxed)
    while true {
      let start = Arena.roundedUp(now)
      let (isDone, seen) = next.compareExchange(expected: now, desired: start + units, ordering: .relaxed)
      if isDone { return make(start, units) }
      now = seen
    }
  }

  @inline(__always)
  private static func roundedUp(_ units: UInt64) -> UInt64 {
    (units &+ chunkUnits &- 1) & ~(chunkUnits &- 1)
  }

  @inline(__always)
  private func isMade(_ start: UInt64) -> Bool {
    let chunk = Int(start >> UInt64(Arena.chunkBits))
    return chunk < capacity.load(ordering: .acquiring)
      && origins.load(ordering: .acquiring)[chunk].load(ordering: .acquiring) != 0
  }

  /// Makes the chunk of `start`, or the row of chunks that it begins, unless another thread has. Returns `start`.
  @inline(never)
  private func make(_ start: UInt64, _ units: UInt64) -> UInt32 {
    let first = start >> UInt64(Arena.chunkBits)
    let end = first + units >> UInt64(Arena.chunkBits)
    precondition(end <= 1 << (32 - Arena.chunkBits), "more than 32 GiB in a memtable")
    allocated.withLock { allocated in
      if isMade(start) { return }
      if end > capacity.load(ordering: .relaxed) {
        allocated.append(UnsafeMutableRawPointer(origins.load(ordering: .relaxed)))
        enlarge(toHold: Int(end))
      }
      // Where the memory begins: of the first chunk there is only the end.
      let begin = max(first << UInt64(Arena.chunkBits), Arena.chunkUnits - Arena.firstUnits)
      let size = Int(end << UInt64(Arena.chunkBits) - begin) << Arena.unitBits
      guard let memory = aligned_alloc(Arena.cacheLine, size) else { preconditionFailure("no memory") }
      allocated.append(memory)
      let origin = UInt(bitPattern: memory) &- UInt(begin << UInt64(Arena.unitBits))
      let origins = origins.load(ordering: .relaxed)
      for chunk in first..<end { origins[Int(chunk)].store(origin, ordering: .releasing) }
    }
    return UInt32(truncatingIfNeeded: start)
  }

  /// Puts a larger table of origins in the place of the present one, which those who look there keep.
  private func enlarge(toHold end: Int) {
    let old = origins.load(ordering: .relaxed)
    let places = capacity.load(ordering: .relaxed)
    let larger = Arena.makeOrigins(max(2 * places, end))
    for chunk in 0..<places { larger[chunk].store(old[chunk].load(ordering: .relaxed), ordering: .relaxed) }
    origins.store(larger, ordering: .releasing)
    capacity.store(max(2 * places, end), ordering: .releasing)
  }

  private static func makeOrigins(_ count: Int) -> Origins {
    guard let memory = calloc(count, MemoryLayout<Atomic<UInt>>.stride) else { preconditionFailure("no memory") }
    let origins = memory.bindMemory(to: Atomic<UInt>.self, capacity: count)
    for chunk in 0..<count { (origins + chunk).initialize(to: Atomic(0)) }
    return origins
  }
}
