internal import Glibc
internal import Synchronization

/// Memory that many threads take piece by piece, without locks, and that is given back all at once, when the arena
/// goes.
///
/// The current block's header counts what is taken of it, so that one atomic addition serves a request; who finds the
/// block full puts a new one in its place. Blocks double from 16 KiB to 1 MiB, so that a small memtable stays small; a
/// request above a quarter of the largest block gets a block of its own and leaves the current one in use.
final class Arena: @unchecked Sendable {
  /// First in each block.
  private struct Block: ~Copyable {
    let taken: Atomic<Int>
    let size: Int
    /// Bytes of the small blocks that were made before it.
    var before = 0
    /// The block that was made before it; nil at the end of the list.
    var previous: UnsafeMutablePointer<Block>?
  }

  private static let smallest = 16 << 10
  private static let largest = 1 << 20
  /// A cache line.
  private static let header = 64

  private let current: Atomic<UnsafeMutablePointer<Block>?>
  private let large = Atomic<UnsafeMutablePointer<Block>?>(nil)
  private let largeBytes = Atomic<Int>(0)

  init() { current = Atomic(Arena.block(of: Arena.smallest, taken: Arena.header)) }

  deinit {
    for list in [current.load(ordering: .acquiring), large.load(ordering: .acquiring)] {
      var next = list
      while let block = next {
        next = block.pointee.previous
        block.deinitialize(count: 1)
        free(block)
      }
    }
  }

  /// Bytes taken from the system. Any thread, any time.
  var reserved: Int {
    let block = current.load(ordering: .acquiring)!
    return block.pointee.before + block.pointee.size + largeBytes.load(ordering: .relaxed)
  }

  /// Bytes that were given out, and what is left over at the ends of full blocks. Any thread, any time: it only grows,
  /// and is never more than it is for whoever asks later.
  var used: Int {
    let block = current.load(ordering: .acquiring)!
    let taken = min(block.pointee.taken.load(ordering: .relaxed), block.pointee.size)
    return block.pointee.before + taken + largeBytes.load(ordering: .relaxed)
  }

  /// `count` bytes, aligned to 8, not zeroed; theirs is the life of the arena. Any thread, any time.
  @inline(__always)
  func take(_ count: Int) -> UnsafeMutableRawPointer {
    let rounded = (count + 7) & ~7
    guard rounded <= Arena.largest / 4 else { return takeLarge(rounded) }
    let block = current.load(ordering: .acquiring)!
    let start = block.pointee.taken.add(rounded, ordering: .relaxed).oldValue
    return start + rounded <= block.pointee.size
      ? UnsafeMutableRawPointer(block) + start : takeOfNewBlock(rounded, after: block)
  }

  @inline(never)
  private func takeOfNewBlock(_ count: Int, after full: UnsafeMutablePointer<Block>) -> UnsafeMutableRawPointer {
    let size = min(max(2 * full.pointee.size, 2 * count), Arena.largest)
    let block = Arena.block(of: size, taken: Arena.header + count)
    block.pointee.before = full.pointee.before + full.pointee.size
    block.pointee.previous = full
    guard Arena.exchange(current, full, block) else {
      // Another thread has put one there meanwhile.
      free(block)
      return take(count)
    }
    return UnsafeMutableRawPointer(block) + Arena.header
  }

  @inline(never)
  private func takeLarge(_ count: Int) -> UnsafeMutableRawPointer {
    let block = Arena.block(of: Arena.header + count, taken: Arena.header + count)
    repeat {
      block.pointee.previous = large.load(ordering: .relaxed)
    } while !Arena.exchange(
      large, block.pointee.previous, block)
    largeBytes.add(Arena.header + count, ordering: .relaxed)
    return UnsafeMutableRawPointer(block) + Arena.header
  }

  private static func exchange(
    _ place: borrowing Atomic<UnsafeMutablePointer<Block>?>, _ expected: UnsafeMutablePointer<Block>?,
    _ new: UnsafeMutablePointer<Block>
  ) -> Bool {
    place.compareExchange(
      expected: expected, desired: new, successOrdering: .acquiringAndReleasing, failureOrdering: .relaxed
    ).exchanged
  }

  private static func block(of size: Int, taken: Int) -> UnsafeMutablePointer<Block> {
    guard let memory = aligned_alloc(header, (size + header - 1) & -header) else { preconditionFailure("no memory") }
    let block = memory.bindMemory(to: Block.self, capacity: 1)
    block.initialize(to: Block(taken: Atomic(taken), size: size, previous: nil))
    return block
  }
}
