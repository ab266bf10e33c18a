/// Collects the hashes of a table's user keys, and of their prefixes where that is wanted, and builds Bloom filters
/// from them: one for the table, or one for each run of data blocks.
///
///     FastLocalBloom (format_version >= 5) = 64-byte lines, FF, 00, probes, 00 00
///     legacy Bloom   (format_version < 5)  = 64-byte lines, probes, fixed32 number of lines
///     LevelDB's (format_version 0)         = `BlockBasedFilter`
///
/// A key sets its bits within one line, in LevelDB's anywhere. Bytes are the same as those of RocksDB's builders for
/// the same keys.
struct FilterBuilder: ~Copyable {
  private enum Kind { case none, fastLocal, legacy, byOffset }

  private static let lineSize = 64

  private let kind: Kind
  /// Bits a key, in thousandths.
  let millibits: Int
  private let timestampSize: Int
  /// Bytes of a prefix; more than any key has where there are none.
  private let prefixLength: Int
  /// One fixed64 for each run of equal adjacent hashes; a run ends with its data block.
  private var hashes = ByteWriter(capacity: 4096)
  /// Hashes up to the end of each data block.
  private var blockEnds: [Int] = []
  private var lastHash: UInt64 = 0
  private var lastPrefix: UInt64 = 0
  private var isPrefixStart = true
  private var isBlockStart = true

  /// - Parameter bitsPerKey: clamped to 1...100; below 0.5 there is no filter.
  init(bitsPerKey: Double, formatVersion: Int, order: KeyOrder, prefixLength: Int? = nil) {
    kind =
      bitsPerKey < 0.5 ? .none : formatVersion >= 5 ? .fastLocal : formatVersion == 0 ? .byOffset : .legacy
    millibits = FilterBuilder.millibits(bitsPerKey)
    timestampSize = order.timestampSize
    self.prefixLength = prefixLength ?? .max
  }

  var isActive: Bool { kind != .none }

  static func millibits(_ bitsPerKey: Double) -> Int {
    Int(min(max(bitsPerKey, 1), 100) * 1000 + 0.500001)
  }

  /// Adds a user key with its timestamp, if the order has one.
  @inline(__always)
  mutating func add(_ userKey: UnsafeRawBufferPointer) {
    if kind == .none { return }
    let key = UnsafeRawBufferPointer(start: userKey.baseAddress, count: userKey.count - timestampSize)
    let hash = hash(key)
    if hash == lastHash && !isBlockStart { return }
    hashes.appendFixed64(hash)
    lastHash = hash
    isBlockStart = false
    if key.count >= prefixLength { addPrefix(UnsafeRawBufferPointer(rebasing: key[..<prefixLength])) }
  }

  private mutating func addPrefix(_ prefix: UnsafeRawBufferPointer) {
    let hash = hash(prefix)
    if hash == lastPrefix && !isPrefixStart { return }
    hashes.appendFixed64(hash)
    lastPrefix = hash
    isPrefixStart = false
  }

  @inline(__always)
  private func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    kind == .fastLocal
      ? FilterHash.xxph3(key)
      : UInt64(FilterHash.hash32(key, seed: FilterHash.bloomSeed, signedTail: kind == .legacy))
  }

  /// Says that the keys added since the last call are those of one data block. A key that continues in the next block
  /// is hashed again there, because a partition must know all keys of its blocks.
  mutating func endBlock() {
    blockEnds.append(hashes.count / 8)
    isBlockStart = true
    isPrefixStart = true
  }

  /// About the bytes of a filter over the keys so far.
  var estimatedSize: Int { hashes.count / 8 * millibits / 8000 }

  /// Hashes of the first `blocks` data blocks.
  func hashCount(blocks: Int) -> Int { blocks == 0 ? 0 : blockEnds[blocks - 1] }

  func hash(at index: Int) -> UInt64 {
    UInt64(littleEndian: hashes.bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
  }

  /// Keys for which a filter fits `size` bytes; at least one.
  func keys(fitting size: Int) -> Int {
    max((size - 5) / FilterBuilder.lineSize * FilterBuilder.lineSize * 8000 / millibits, 1)
  }

  /// Appends the filter of data blocks `blocks`; returns how many distinct adjacent hashes went in. Nothing is
  /// appended, and 0 returned, when there are no keys.
  func build(blocks: Range<Int>, into output: inout ByteWriter) -> Int {
    let start = hashCount(blocks: blocks.lowerBound)
    let end = hashCount(blocks: blocks.upperBound)
    let selected = UnsafeRawBufferPointer(rebasing: hashes.bytes[(start * 8)..<(end * 8)])
    let distinct = FilterBuilder.distinctCount(selected)
    guard distinct > 0 else { return 0 }
    switch kind {
    case .none, .byOffset: return 0
    case .fastLocal: appendFastLocal(selected, distinct, into: &output)
    case .legacy: appendLegacy(selected, distinct, into: &output)
    }
    return distinct
  }

  private static func distinctCount(_ hashes: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var last: UInt64 = 0
    for index in stride(from: 0, to: hashes.count, by: 8) {
      let hash = hashes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      if index == 0 || hash != last { count += 1 }
      last = hash
    }
    return count
  }

  private func appendFastLocal(_ hashes: UnsafeRawBufferPointer, _ count: Int, into output: inout ByteWriter) {
    let wanted = (count * millibits + 7999) / 8000
    let size = min((wanted + 63) / 64 * 64, 0xFFFF_FFC0)
    let lines = UInt64(size / FilterBuilder.lineSize)
    let probes = FilterBuilder.probes(millibits: millibits)
    let bits = output.reserve(size)
    bits.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    for index in stride(from: 0, to: hashes.count, by: 8) {
      let hash = UInt64(littleEndian: hashes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let line = bits + Int(((hash & 0xFFFF_FFFF) &* lines) >> 32) * FilterBuilder.lineSize
      var spread = UInt32(truncatingIfNeeded: hash >> 32)
      for _ in 0..<probes {
        let bit = Int(spread >> 23)
        let byte = line.load(fromByteOffset: bit >> 3, as: UInt8.self)
        line.storeBytes(of: byte | 1 << UInt8(truncatingIfNeeded: bit & 7), toByteOffset: bit >> 3, as: UInt8.self)
        spread &*= 0x9E37_79B9
      }
    }
    output.commit(size)
    output.append(0xFF)
    output.append(0)
    output.append(UInt8(truncatingIfNeeded: probes))
    output.appendFixed16(0)
  }

  private func appendLegacy(_ hashes: UnsafeRawBufferPointer, _ count: Int, into output: inout ByteWriter) {
    let bitsPerKey = (millibits + 500) / 1000
    let wanted = min(count * bitsPerKey, 0xFFFF_0000)
    // An odd number of lines keeps more of the hash's bits in play.
    let lines = ((wanted + 511) / 512) | 1
    let probes = min(max(Int(Double(bitsPerKey) * 0.69), 1), 30)
    let size = lines * FilterBuilder.lineSize
    let bits = output.reserve(size)
    bits.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    for index in stride(from: 0, to: hashes.count, by: 8) {
      let stored = UInt64(littleEndian: hashes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      var hash = UInt32(truncatingIfNeeded: stored)
      let delta = hash >> 17 | hash << 15
      let line = bits + Int(hash % UInt32(truncatingIfNeeded: lines)) * FilterBuilder.lineSize
      for _ in 0..<probes {
        let bit = Int(hash & 511)
        let byte = line.load(fromByteOffset: bit >> 3, as: UInt8.self)
        line.storeBytes(of: byte | 1 << UInt8(truncatingIfNeeded: bit & 7), toByteOffset: bit >> 3, as: UInt8.self)
        hash &+= delta
      }
    }
    output.commit(size)
    output.append(UInt8(truncatingIfNeeded: probes))
    output.appendFixed32(UInt32(truncatingIfNeeded: lines))
  }

  /// RocksDB's choice, from measured false-positive rates of 512-bit lines.
  static func probes(millibits: Int) -> Int {
    switch millibits {
    case ...2080: 1
    case ...3580: 2
    case ...5100: 3
    case ...6640: 4
    case ...8300: 5
    case ...10070: 6
    case ...11720: 7
    case ...14001: 8
    case ...16050: 9
    case ...18300: 10
    case ...22001: 11
    case ...25501: 12
    case 50001...: 24
    default: (millibits - 1) / 2000 - 1
    }
  }
}
