/// Encodes the Snappy block format (format_description.txt of google/snappy), behind the length that opens it:
/// `SnappyDecoder` has the elements.
///
/// The input is taken in fragments of 64 KiB, so that every distance fits two bytes. In each, a table of the places
/// where the last four-byte words stood proposes matches; where none is found for long, steps grow, so that what
/// cannot be compressed costs little. Keeps its table; one thread at a time.
final class SnappyEncoder {
  private static let fragment = 1 << 16
  private static let tableBits = 14
  /// Bytes at the end of a fragment that are not searched, so that words can be loaded without a check.
  private static let margin = 15

  private let table = UnsafeMutablePointer<UInt16>.allocate(capacity: 1 << tableBits)

  deinit { table.deallocate() }

  /// Bytes written to `output`; nil when they would be more than `capacity`.
  func encode(_ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer, capacity: Int) -> Int? {
    guard let base = raw.baseAddress else { return 0 }
    var writer = Writer(output: output, capacity: capacity)
    var start = 0
    while start < raw.count {
      let count = min(SnappyEncoder.fragment, raw.count - start)
      guard encode(fragment: base + start, count, &writer) else { return nil }
      start += count
    }
    return writer.count
  }

  private func encode(fragment base: UnsafeRawPointer, _ count: Int, _ writer: inout Writer) -> Bool {
    guard count > SnappyEncoder.margin else { return writer.literal(base, count) }
    var bits = 8
    while bits < SnappyEncoder.tableBits, 1 << bits < count { bits += 1 }
    table.update(repeating: 0, count: 1 << bits)
    let shift = UInt32(32 - bits)
    let limit = count - SnappyEncoder.margin
    var emitted = 0
    var place = 1
    while let match = nextMatch(base, &place, limit: limit, shift: shift) {
      guard writer.literal(base + emitted, place - emitted) else { return false }
      var candidate = match
      repeat {
        let length = 4 + CommonPrefix.count(base + candidate + 4, base + place + 4, limit: count - place - 4)
        guard writer.copy(distance: place - candidate, length: length) else { return false }
        place += length
        emitted = place
        if place >= limit { return writer.literal(base + emitted, count - emitted) }
        note(base, place - 1, shift)
        let word = load(base, place)
        let slot = hash(word, shift)
        candidate = Int(table[slot])
        table[slot] = UInt16(truncatingIfNeeded: place)
        if load(base, candidate) != word { break }
      } while true
      place += 1
    }
    return writer.literal(base + emitted, count - emitted)
  }

  /// Moves `place` to the next word that stood before and returns where; nil behind `limit`.
  @inline(__always)
  private func nextMatch(_ base: UnsafeRawPointer, _ place: inout Int, limit: Int, shift: UInt32) -> Int? {
    var skip = 32
    while place < limit {
      let word = load(base, place)
      let slot = hash(word, shift)
      let candidate = Int(table[slot])
      table[slot] = UInt16(truncatingIfNeeded: place)
      if load(base, candidate) == word { return candidate }
      place += skip >> 5
      skip += skip >> 5
    }
    return nil
  }

  @inline(__always)
  private func note(_ base: UnsafeRawPointer, _ place: Int, _ shift: UInt32) {
    table[hash(load(base, place), shift)] = UInt16(truncatingIfNeeded: place)
  }

  @inline(__always)
  private func load(_ base: UnsafeRawPointer, _ place: Int) -> UInt32 {
    base.loadUnaligned(fromByteOffset: place, as: UInt32.self)
  }

  @inline(__always)
  private func hash(_ word: UInt32, _ shift: UInt32) -> Int { Int((word &* 0x9E37_79B1) >> shift) }

  /// Appends elements as long as they fit.
  private struct Writer {
    let output: UnsafeMutableRawPointer
    let capacity: Int
    var count = 0

    init(output: UnsafeMutableRawPointer, capacity: Int) {
      self.output = output
      self.capacity = capacity
    }

    @inline(__always)
    private mutating func put(_ byte: Int) {
      output.storeBytes(of: UInt8(truncatingIfNeeded: byte), toByteOffset: count, as: UInt8.self)
      count += 1
    }

    /// At most a fragment of bytes as they are.
    mutating func literal(_ bytes: UnsafeRawPointer, _ length: Int) -> Bool {
      if length == 0 { return true }
      guard capacity - count >= length + 3 else { return false }
      let n = length - 1
      if n < 60 {
        put(n << 2)
      } else if n < 256 {
        put(60 << 2)
        put(n)
      } else {
        put(61 << 2)
        put(n)
        put(n >> 8)
      }
      (output + count).copyMemory(from: bytes, byteCount: length)
      count += length
      return true
    }

    /// A match of at least 4 bytes, in elements of at most 64 and at least 4.
    mutating func copy(distance: Int, length: Int) -> Bool {
      guard capacity - count >= (length / 60 + 1) * 3 else { return false }
      var left = length
      while left >= 68 {
        copyElement(distance, 64)
        left -= 64
      }
      if left > 64 {
        copyElement(distance, 60)
        left -= 60
      }
      copyElement(distance, left)
      return true
    }

    private mutating func copyElement(_ distance: Int, _ length: Int) {
      if length < 12, distance < 2048 {
        put(1 | (length - 4) << 2 | (distance >> 8) << 5)
        put(distance)
      } else {
        put(2 | (length - 1) << 2)
        put(distance)
        put(distance >> 8)
      }
    }
  }
}
