internal import Synchronization

/// Opens the tables of one directory and keeps about `limit` of them open: those that were not asked for lately make
/// room. Any thread, any time; a reader stays usable after it left the cache.
///
/// Tables are spread over shards by number, so that threads seldom meet at a lock. Each shard is a clock: a hit only
/// marks its slot, and the hand, looking for room, passes over what was marked since it came by last.
public final class TableCache: Sendable {
  private struct Slot {
    var number: UInt64
    var reader: TableReader
    var isUsed: Bool
  }

  private struct Shard {
    var places: [UInt64: Int] = [:]
    /// nil where a table was removed.
    var slots: [Slot?] = []
    var free: [Int] = []
    var hand = 0

    mutating func reader(_ number: UInt64) -> TableReader? {
      guard let place = places[number] else { return nil }
      slots[place]!.isUsed = true
      return slots[place]!.reader
    }

    /// The reader that is kept: another thread may have opened the table meanwhile.
    mutating func keep(_ reader: TableReader, _ number: UInt64, limit: Int) -> TableReader {
      if let kept = self.reader(number) { return kept }
      if free.isEmpty, slots.count >= limit { evict() }
      let slot = Slot(number: number, reader: reader, isUsed: false)
      if let place = free.popLast() {
        slots[place] = slot
        places[number] = place
      } else {
        places[number] = slots.count
        slots.append(slot)
      }
      return reader
    }

    /// Ends: a turn of the hand takes away every mark.
    private mutating func evict() {
      while true {
        hand = hand + 1 < slots.count ? hand + 1 : 0
        guard let slot = slots[hand] else { continue }
        if !slot.isUsed { return remove(slot.number) }
        slots[hand]!.isUsed = false
      }
    }

    mutating func remove(_ number: UInt64) {
      guard let place = places.removeValue(forKey: number) else { return }
      slots[place] = nil
      free.append(place)
    }
  }

  private static let shardCount = 16

  public let directory: any ReadableDirectory
  /// Keeps blocks of all tables; nil when each read goes to the file.
  public let blocks: BlockCache?
  /// Tables that a shard keeps open.
  private let shardLimit: Int
  /// Names of loose tables, which do not follow from a number.
  private let names: [UInt64: String]
  private let shards: [Monitor<Shard>]
  /// See `takePin`.
  private let pins: Atomic<Int>

  /// - `limit`: tables to keep open.
  /// - `pinLimit`: tables that may be kept open elsewhere on top of that; see `takePin`.
  /// - `blocks`: given to every reader that is opened.
  public init(
    directory: any ReadableDirectory, names: [UInt64: String] = [:], limit: Int = 48, pinLimit: Int = 0,
    blocks: BlockCache? = nil
  ) {
    precondition(limit > 0)
    pins = Atomic(pinLimit)
    self.directory = directory
    self.names = names
    self.blocks = blocks
    // A shard of a few tables would often throw out the wrong one.
    let count = limit < 8 * TableCache.shardCount ? 1 : TableCache.shardCount
    shardLimit = limit / count
    shards = (0..<count).map { _ in Monitor(Shard()) }
  }

  /// The table as the MANIFEST describes it. `ldb` names are tried where there is no `sst`, as RocksDB does.
  public func reader(_ table: TableMetadata, order: KeyOrder) throws(DatabaseError) -> TableReader {
    let shard = shard(of: table.number)
    if let reader = shard.change({ $0.reader(table.number) }) { return reader }
    let reader = try TableReader(
      open(table.number), size: table.size, order: order,
      largestSequence: table.hasSequences ? table.largestSequence : nil, cache: blocks)
    return shard.change { $0.keep(reader, table.number, limit: shardLimit) }
  }

  /// Forgets a table whose file is no longer wanted; who still reads it goes on.
  public func remove(_ number: UInt64) { shard(of: number).change { $0.remove(number) } }

  /// Asks to keep a reader elsewhere for a while; no more than `pinLimit` are, all askers taken together. False when
  /// there is no room. Otherwise to be given back.
  func takePin() -> Bool {
    guard pins.load(ordering: .relaxed) > 0 else { return false }
    if pins.subtract(1, ordering: .relaxed).newValue >= 0 { return true }
    giveBackPins(1)
    return false
  }

  func giveBackPins(_ count: Int) { pins.add(count, ordering: .relaxed) }

  private func shard(of number: UInt64) -> Monitor<Shard> {
    shards[Int(truncatingIfNeeded: number & UInt64(shards.count - 1))]
  }

  private func open(_ number: UInt64) throws(DatabaseError) -> any RandomAccessFile {
    if let name = names[number] { return try directory.open(name) }
    return try TableCache.open(number, in: directory)
  }

  /// The table file with that number, whatever it is named.
  public static func open(
    _ number: UInt64, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> any RandomAccessFile {
    do throws(DatabaseError) { return try directory.open(DatabaseFile.table(number, .sst).name) } catch {
      guard error.kind == .notFound else { throw error }
      let other = DatabaseFile.table(number, .ldb).name
      guard try directory.attributes(of: other) != nil else { throw error }
      return try directory.open(other)
    }
  }
}
