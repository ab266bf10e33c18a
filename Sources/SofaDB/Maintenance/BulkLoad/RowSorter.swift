/// Sorts rows that lie in memory by internal key: user keys ascending, equal ones by trailer descending.
///
/// 1. Each row gets an entry: a number that agrees with the order of keys (`KeyPrefix`), and its address.
/// 2. Entries that are in order already stay; others are sorted by number, byte by byte from the lowest (radix sort),
///    skipping bytes that are equal in all of them.
/// 3. Runs of equal numbers are sorted by the rows themselves: long runs by the next eight bytes of the keys and so on,
///    short ones by comparison.
///
/// Memory: 32 bytes a row, reused. Owned by one thread.
struct RowSorter: ~Copyable {
  struct Entry {
    var number: UInt64
    var row: UnsafeMutableRawPointer
  }

  /// Bytes that sorting takes for each row.
  static let bytesPerRow = 2 * MemoryLayout<Entry>.stride

  /// Longer runs are worth another radix pass.
  private static let longestInsertion = 24
  /// Keys that share ever longer prefixes are compared as a whole in the end: the recursion has a bound.
  private static let deepestLevel = 64

  private var entries: UnsafeMutablePointer<Entry>
  private var other: UnsafeMutablePointer<Entry>
  private var capacity: Int
  private(set) var count = 0
  private let counts: UnsafeMutablePointer<Int>

  init() {
    capacity = 1024
    entries = .allocate(capacity: capacity)
    other = .allocate(capacity: capacity)
    counts = .allocate(capacity: 8 * 256)
  }

  deinit {
    entries.deallocate()
    other.deallocate()
    counts.deallocate()
  }

  mutating func removeAll() { count = 0 }

  /// Makes room for `rows` entries in all.
  mutating func reserve(_ rows: Int) {
    guard rows > capacity else { return }
    let larger = UnsafeMutablePointer<Entry>.allocate(capacity: rows)
    larger.update(from: entries, count: count)
    entries.deallocate()
    other.deallocate()
    entries = larger
    other = .allocate(capacity: rows)
    capacity = rows
  }

  /// Adds the encoded rows that fill `count` bytes from `start`; `reserve` made room for them.
  mutating func add(_ start: UnsafeMutableRawPointer, count bytes: Int, prefix: KeyPrefix) {
    var row = start
    let end = start + bytes
    var next = count
    while row < end {
      let encoded = EncodedRow(row)
      entries[next] = Entry(number: prefix.number(of: encoded.key), row: row)
      next &+= 1
      row += encoded.count
    }
    count = next
    assert(count <= capacity)
  }

  /// The rows in order; valid until the next change.
  mutating func sort(_ order: KeyOrder, prefix: KeyPrefix) -> UnsafeBufferPointer<Entry> {
    sort(0..<count, order, depth: prefix.depth, level: 0)
    return UnsafeBufferPointer(start: entries, count: count)
  }

  /// `depth`: where the eight bytes of the numbers start in the keys.
  private mutating func sort(_ range: Range<Int>, _ order: KeyOrder, depth: Int, level: Int) {
    sortNumbers(range)
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start + 1
      while end < range.upperBound, entries[end].number == entries[start].number { end += 1 }
      if end - start > 1 { sortEqual(start..<end, order, depth: depth, level: level) }
      start = end
    }
  }

  /// Entries whose numbers are equal. The keys of a long run are compared from the first byte on that not all share,
  /// unless they are all the same key; 0 and the largest number may also stand for keys that share nothing.
  private mutating func sortEqual(_ range: Range<Int>, _ order: KeyOrder, depth: Int, level: Int) {
    let number = entries[range.lowerBound].number
    let mayShareNothing = level == 0 && depth > 0 && (number == 0 || number == .max)
    guard range.count > RowSorter.longestInsertion, order.kind == .bytewise, !mayShareNothing,
      level < RowSorter.deepestLevel, let shared = sharedBytes(range)
    else { return compareSort(range, order) }
    for index in range {
      let key = EncodedRow(entries[index].row).key
      entries[index].number = KeyPrefix.eightBytes(of: key, count: key.count, at: shared)
    }
    sort(range, order, depth: shared, level: level + 1)
  }

  /// Bytes that all these keys start with; nil when the keys are equal.
  private func sharedBytes(_ range: Range<Int>) -> Int? {
    let first = EncodedRow(entries[range.lowerBound].row).key
    var shared = first.count
    var isLonger = false
    for index in range.dropFirst() {
      let key = EncodedRow(entries[index].row).key
      isLonger = isLonger || key.count != first.count
      let limit = min(shared, key.count)
      var place = 0
      while place + 8 <= limit,
        first.loadUnaligned(fromByteOffset: place, as: UInt64.self)
          == key.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      {
        place += 8
      }
      while place < limit, first[place] == key[place] { place += 1 }
      shared = place
    }
    return shared < first.count || isLonger ? shared : nil
  }

  private func compareSort(_ range: Range<Int>, _ order: KeyOrder) {
    var rows = UnsafeMutableBufferPointer(start: entries + range.lowerBound, count: range.count)
    guard range.count > RowSorter.longestInsertion else {
      for next in 1..<rows.count {
        let entry = rows[next]
        var place = next
        while place > 0, RowSorter.precedes(entry, rows[place - 1], order) {
          rows[place] = rows[place - 1]
          place -= 1
        }
        rows[place] = entry
      }
      return
    }
    rows.sort { RowSorter.precedes($0, $1, order) }
  }

  @inline(__always)
  private static func precedes(_ a: Entry, _ b: Entry, _ order: KeyOrder) -> Bool {
    order.compareInternal(EncodedRow(a.row).internalKey, EncodedRow(b.row).internalKey) < 0
  }
}

/// Sorting by number.
extension RowSorter {
  private mutating func sortNumbers(_ range: Range<Int>) {
    guard range.count > 1 else { return }
    let rows = entries + range.lowerBound
    var varying: UInt64 = 0
    var isSorted = true
    for index in 1..<range.count {
      varying |= rows[index].number ^ rows[0].number
      isSorted = isSorted && rows[index - 1].number <= rows[index].number
    }
    if isSorted { return }
    if range.count <= 96 { return insertionSort(rows, range.count) }
    radixSort(rows, other + range.lowerBound, range.count, varying)
  }

  private func insertionSort(_ rows: UnsafeMutablePointer<Entry>, _ count: Int) {
    for next in 1..<count {
      let entry = rows[next]
      var place = next
      while place > 0, rows[place - 1].number > entry.number {
        rows[place] = rows[place - 1]
        place -= 1
      }
      rows[place] = entry
    }
  }

  /// Sorts by the bytes that have a bit in `varying`, lowest first; stable.
  private func radixSort(
    _ rows: UnsafeMutablePointer<Entry>, _ spare: UnsafeMutablePointer<Entry>, _ count: Int, _ varying: UInt64
  ) {
    counts.update(repeating: 0, count: 8 * 256)
    for index in 0..<count {
      let number = rows[index].number
      for byte in 0..<8 { counts[byte << 8 | Int(number >> UInt64(8 * byte) & 0xFF)] &+= 1 }
    }
    var source = rows
    var target = spare
    for byte in 0..<8 where varying >> UInt64(8 * byte) & 0xFF != 0 {
      let places = counts + (byte << 8)
      var sum = 0
      for digit in 0..<256 {
        let here = places[digit]
        places[digit] = sum
        sum &+= here
      }
      let shift = UInt64(8 * byte)
      for index in 0..<count {
        let digit = Int(source[index].number >> shift & 0xFF)
        target[places[digit]] = source[index]
        places[digit] &+= 1
      }
      swap(&source, &target)
    }
    if source != rows { rows.update(from: source, count: count) }
  }
}
