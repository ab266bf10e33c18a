/// Finds the blocks in a stretch of a table by their trailers, where no index leads to them.
///
/// A block begins where the one before ended; its end is where a known compression type and four bytes that are the
/// checksum of everything since the start stand. Where no size fits, the start is damaged: then every later byte is
/// tried as one, for blocks of data only, of the codecs that were seen so far, and what is found must also decode.
///
/// Work is bounded: hashing stops after 8 GiB and 64 times the stretch, and the rest counts as a gap. Blocks above
/// `longest` are not found. One thread.
struct BlockWalk: ~Copyable {
  enum Piece: Equatable {
    case block(BlockHandle)
    /// Bytes in which no block was found; padding too.
    case gap(offset: UInt64, length: UInt64)
  }

  /// Where something like the end of a block stands in the window.
  private struct End {
    var place: Int
    var type: UInt8
    /// Bytes that restarts and flags take at least; 0 for compressed blocks.
    var tail: Int
  }

  private static let windowSize = 8 << 20
  private static let longest = 4 << 20
  /// Without a checksum that can be continued, trying sizes is quadratic.
  private static let longestTried = 256 << 10

  private let table: TableFile
  private let end: UInt64
  private var position: UInt64
  private let dictionary: CompressionDictionary?
  private let decompressor = Decompressor()
  private var window = ByteBuffer(count: 0)
  private var windowOffset: UInt64 = 0
  private var windowCount = 0
  private var ends: [End] = []
  private var nextEnd = 0
  private var seenTypes: Set<UInt8> = []
  private var largestSeen = 0
  private var gapStart: UInt64?
  private var held: BlockHandle?
  private var work: UInt64

  init(_ table: TableFile, _ range: Range<UInt64>, dictionary: CompressionDictionary? = nil) {
    self.table = table
    self.dictionary = dictionary
    position = range.lowerBound
    end = min(range.upperBound, table.file.size)
    work = (8 << 30) &+ 64 &* (end - min(range.lowerBound, end))
  }

  /// The block at the very start of the stretch; nil when none is there. Nothing else is tried.
  mutating func first() throws(DatabaseError) -> BlockHandle? {
    guard position < end, end - position > UInt64(BlockTrailer.size) else { return nil }
    try load()
    return match().map { BlockHandle(offset: position, size: UInt64($0)) }
  }

  /// The next block or gap in file order; nil at the end.
  mutating func next() throws(DatabaseError) -> Piece? {
    if let block = held {
      held = nil
      return .block(block)
    }
    while position < end, end - position > UInt64(BlockTrailer.size), work > 0 {
      try load()
      if let size = match() {
        let handle = BlockHandle(offset: position, size: UInt64(size))
        position = handle.end ?? end
        largestSeen = max(largestSeen, size)
        guard let start = gapStart else { return .block(handle) }
        gapStart = nil
        held = handle
        return .gap(offset: start, length: handle.offset - start)
      }
      if gapStart == nil { gapStart = position }
      position += 1
      skipImplausibleStarts()
    }
    let start = gapStart ?? position
    gapStart = nil
    position = end
    return start < end ? .gap(offset: start, length: end - start) : nil
  }

  // MARK: The window

  private mutating func load() throws(DatabaseError) {
    let windowEnd = windowOffset + UInt64(windowCount)
    let wanted = min(end, position + UInt64(BlockWalk.longest + BlockTrailer.size))
    if windowCount > 0, position >= windowOffset, wanted <= windowEnd { return }
    let count = Int(min(UInt64(BlockWalk.windowSize), end - position))
    if window.count < count { window = ByteBuffer(count: count) }
    windowOffset = position
    windowCount = try table.file.read(
      into: UnsafeMutableRawBufferPointer(rebasing: window.memory[..<count]), at: position)
    findEnds()
  }

  private mutating func findEnds() {
    ends = []
    nextEnd = 0
    guard windowCount > BlockTrailer.size + 4 else { return }
    let base = window.bytes.baseAddress!
    for place in 4...(windowCount - BlockTrailer.size) {
      let type = base.load(fromByteOffset: place, as: UInt8.self)
      guard type <= 7 || type == 0x40 else { continue }
      if type != 0 {
        if type != Compression.xpress.rawValue { ends.append(End(place: place, type: type, tail: 0)) }
        continue
      }
      let word = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: place - 4, as: UInt32.self))
      let restarts = Int(word & BlockFlags.countMask)
      guard restarts > 0, word & BlockFlags.reserved == 0, 4 * restarts <= place - 4 else { continue }
      let hasExtras = word & (BlockFlags.hashIndex | BlockFlags.separatedValues) != 0
      let first = place - 4 - 4 * restarts
      if !hasExtras, base.loadUnaligned(fromByteOffset: first, as: UInt32.self) != 0 { continue }
      ends.append(End(place: place, type: type, tail: 4 + 4 * restarts))
    }
  }

  // MARK: One start

  /// The size of the block that starts at `position`; nil when none does.
  private mutating func match() -> Int? {
    let start = Int(position - windowOffset)
    while nextEnd < ends.count, ends[nextEnd].place < start { nextEnd += 1 }
    let isSynced = gapStart == nil
    let isCRC = table.footer.checksum == .crc32c
    var limit = isCRC ? BlockWalk.longest : BlockWalk.longestTried
    if !isSynced { limit = min(limit, largestSeen == 0 ? 64 << 10 : max(2 * largestSeen, 8 << 10)) }
    let modifier = ChecksumType.contextModifier(base: table.footer.contextBase, offset: position)
    let base = window.bytes.baseAddress!
    var crc: UInt32 = 0
    var hashed = start
    var index = nextEnd
    while index < ends.count, ends[index].place - start <= limit {
      let candidate = ends[index]
      index += 1
      let size = candidate.place - start
      guard candidate.tail <= size, isSynced || isWanted(candidate.type, at: start) else { continue }
      let trailer = BlockTrailer(at: base + candidate.place)
      let computed: UInt32
      if isCRC {
        crc = CRC32C.checksum(
          UnsafeRawBufferPointer(start: base + hashed, count: candidate.place - hashed), continuing: crc)
        work = work > UInt64(candidate.place - hashed) ? work - UInt64(candidate.place - hashed) : 0
        hashed = candidate.place
        computed = CRC32C.mask(CRC32C.checksum(candidate.type, continuing: crc)) &+ modifier
      } else {
        work = work > UInt64(size) ? work - UInt64(size) : 0
        let stored = UnsafeRawBufferPointer(start: base + start, count: size)
        computed = table.footer.blockChecksum(stored, type: candidate.type, at: position)
      }
      guard computed == trailer.checksum else {
        if work == 0 { return nil }
        continue
      }
      if !isSynced, !decodes(start, size, candidate.type) { continue }
      seenTypes.insert(candidate.type)
      return size
    }
    return nil
  }

  /// Whether data of this codec can start there.
  private func isWanted(_ type: UInt8, at start: Int) -> Bool {
    guard seenTypes.isEmpty || seenTypes.contains(type) || type == 0 else { return false }
    return (window.bytes[start] == 0) == (type == 0)
  }

  /// A raw data block starts with a whole key of at least eight bytes, a compressed one with its size.
  private mutating func skipImplausibleStarts() {
    while position < end, position - windowOffset + 1 < UInt64(windowCount) {
      let place = Int(position - windowOffset)
      let (first, second) = (window.bytes[place], window.bytes[place + 1])
      let isRaw = first == 0 && second >= 8
      if isRaw || (first != 0 && canBeCompressed(place)) { return }
      position += 1
    }
  }

  /// A frame of zstd says what it is; the others could be anything.
  private func canBeCompressed(_ place: Int) -> Bool {
    guard !seenTypes.isEmpty else { return true }
    if seenTypes.contains(where: { $0 != 0 && $0 != Compression.zstd.rawValue }) { return true }
    guard seenTypes.contains(Compression.zstd.rawValue) else { return false }
    var body = place
    while body < windowCount, body - place < 5, window.bytes[body] & 0x80 != 0 { body += 1 }
    guard body + 5 <= windowCount else { return true }
    return UInt32(littleEndian: window.bytes.loadUnaligned(fromByteOffset: body + 1, as: UInt32.self)) == 0xFD2F_B528
  }

  private func decodes(_ start: Int, _ size: Int, _ type: UInt8) -> Bool {
    guard let codec = Compression(rawValue: type), codec.canDecode else { return false }
    let stored = UnsafeRawBufferPointer(rebasing: window.bytes[start..<(start + size)])
    do throws(FormatError) {
      let content =
        codec == .none
        ? ByteBuffer(copying: stored)
        : try decompressor.decompress(
          stored, as: codec, framing: table.framing, dictionary: dictionary, limit: table.blockLimit)
      return withExtendedLifetime(content) { DataBlockEntries.areSound(content.bytes) }
    } catch { return false }
  }
}
