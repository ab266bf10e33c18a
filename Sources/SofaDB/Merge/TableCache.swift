internal import Synchronization

/// Opens the tables of one directory and keeps at most `limit` of them open, least recently used out first.
/// Safe to share between threads; a reader stays usable after it left the cache.
public final class TableCache: Sendable {
  private struct Slot {
    var reader: TableReader
    var used: UInt64
  }
  private struct State {
    var slots: [UInt64: Slot] = [:]
    var clock: UInt64 = 0
  }

  public let directory: any ReadableDirectory
  private let limit: Int
  /// Names of loose tables, which do not follow from a number.
  private let names: [UInt64: String]
  private let state = Mutex(State())

  public init(directory: any ReadableDirectory, names: [UInt64: String] = [:], limit: Int = 48) {
    self.directory = directory
    self.names = names
    self.limit = limit
  }

  /// The table as the MANIFEST describes it. `ldb` names are tried where there is no `sst`, as RocksDB does.
  public func reader(_ table: TableMetadata, order: KeyOrder) throws(DatabaseError) -> TableReader {
    let cached: TableReader? = state.withLock { state in
      guard state.slots[table.number] != nil else { return nil }
      state.clock += 1
      state.slots[table.number]!.used = state.clock
      return state.slots[table.number]!.reader
    }
    if let cached { return cached }
    let reader = try TableReader(
      open(table.number), size: table.size, order: order,
      largestSequence: table.hasSequences ? table.largestSequence : nil)
    state.withLock { state in
      if state.slots.count >= limit, let oldest = state.slots.min(by: { $0.value.used < $1.value.used }) {
        state.slots[oldest.key] = nil
      }
      state.clock += 1
      state.slots[table.number] = Slot(reader: reader, used: state.clock)
    }
    return reader
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
