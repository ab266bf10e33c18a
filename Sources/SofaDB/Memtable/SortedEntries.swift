/// Entries replayed from logs: copied into chunks as they come, sorted once by `seal`, then only read.
///
/// Each entry is one run of bytes, internal key then value. Not the live engine's memtable: nothing is added while
/// somebody reads. Filled by one thread; readable from many after `seal`.
public final class SortedEntries: @unchecked Sendable {
  struct Entry {
    let start: UnsafeRawPointer
    let keyCount: Int
    let valueCount: Int

    @inline(__always) var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: keyCount) }
    @inline(__always) var value: UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(start: start + keyCount, count: valueCount)
    }
  }

  private static let chunkSize = 1 << 20
  private var chunks: [ByteBuffer] = []
  private var free = 0
  private(set) var entries: [Entry] = []
  /// Bytes of keys and values held.
  public private(set) var bytes = 0

  public init() {}

  public var count: Int { entries.count }

  public func add(
    userKey: UnsafeRawBufferPointer, sequence: SequenceNumber, kind: EntryKind, value: UnsafeRawBufferPointer
  ) {
    let keyCount = userKey.count + 8
    let place = reserve(keyCount + value.count)
    if userKey.count > 0 { place.copyMemory(from: userKey.baseAddress!, byteCount: userKey.count) }
    let trailer = InternalKey.trailer(sequence, kind.rawValue).littleEndian
    (place + userKey.count).storeBytes(of: trailer, as: UInt64.self)
    if value.count > 0 { (place + keyCount).copyMemory(from: value.baseAddress!, byteCount: value.count) }
    entries.append(Entry(start: UnsafeRawPointer(place), keyCount: keyCount, valueCount: value.count))
    bytes += keyCount + value.count
  }

  private func reserve(_ length: Int) -> UnsafeMutableRawPointer {
    if length > free {
      chunks.append(ByteBuffer(count: max(SortedEntries.chunkSize, length)))
      free = chunks[chunks.count - 1].count
    }
    let chunk = chunks[chunks.count - 1].memory
    defer { free -= length }
    return chunk.baseAddress! + (chunk.count - free)
  }

  /// Sorts; call once, before any cursor.
  public func seal(order: KeyOrder) {
    entries.sort { order.compareInternal($0.key, $1.key) < 0 }
  }

  /// Index of the first entry at or after `internalKey`.
  func lowerBound(_ internalKey: UnsafeRawBufferPointer, order: KeyOrder) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if order.compareInternal(entries[middle].key, internalKey) < 0 { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
