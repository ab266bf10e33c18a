/// Steps through the physical records of a log file, block by block, and says what is wrong with those that are not.
///
/// Knows nothing of logical records and of recovery modes: `LogReader` decides what a step means. A failed read leaves
/// the position where it was, so that nothing is glued over a gap.
struct LogFragments {
  enum Kind {
    case record
    case endOfFile
    case truncatedHeader
    /// `atEnd`: in the last block, when that is a partial one.
    case badLength(atEnd: Bool)
    case checksumMismatch(stored: UInt32, computed: UInt32)
    case oldRecord(intact: Bool)
    case zeroPadding
    case zeroHeader
    case trailerNotZero
    case mixedTypes
  }

  struct Step {
    var kind: Kind
    /// Where the record or the bytes in question start.
    var offset: UInt64
    /// Where the next step begins.
    var end: UInt64
    var type: UInt8 = 0
    /// Borrowed until the next step.
    var payload = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private let file: any RandomAccessFile
  private let size: UInt64
  private let number: UInt32
  private let plainOnly: Bool
  private let chunk: ByteBuffer
  /// File offset of the chunk's first byte; a multiple of the block size.
  private var chunkStart: UInt64 = 0
  private var chunkCount = 0
  /// Next byte and end of the current block, from the chunk's start.
  private var position = 0
  private var blockEnd = 0
  private var zeroStart: UInt64?
  /// The last whole recyclable record of this log in a block, as far as the block was searched.
  private var lastOwn: (block: UInt64, start: UInt64?)?
  /// Whether a recyclable type was seen.
  private(set) var isRecycled = false
  /// Set by the owner once it has a whole record: from then on a plain log stays plain.
  var hasRecord = false

  init(file: any RandomAccessFile, number: UInt64, plainOnly: Bool) {
    self.file = file
    self.number = UInt32(truncatingIfNeeded: number)
    self.plainOnly = plainOnly
    size = file.size
    let blocks = min(size / UInt64(LogFormat.blockSize) + 1, 8)
    chunk = ByteBuffer(count: Int(blocks) * LogFormat.blockSize)
  }

  private var offset: UInt64 { chunkStart + UInt64(position) }
  private var remaining: Int { blockEnd - position }
  private var base: UnsafeRawPointer { UnsafeRawPointer(chunk.memory.baseAddress!) }
  private var isPartialBlock: Bool { blockEnd % LogFormat.blockSize != 0 }

  mutating func next() throws(DatabaseError) -> Step {
    while true {
      if remaining < LogFormat.headerSize {
        if let step = leaveTrailer() { return step }
        guard try loadBlock() else {
          return takeZeros() ?? Step(kind: .endOfFile, offset: size, end: size)
        }
        continue
      }
      if startsWithZeroHeader {
        let restIsZero = isZero(from: position)
        if restIsZero {
          if isRecycled, zeroStart == nil, !isPartialBlock, remaining < LogFormat.recyclableHeaderSize {
            // What a writer of longer headers pads a block with.
            position = blockEnd
            continue
          }
          if zeroStart == nil { zeroStart = offset }
          position = blockEnd
          continue
        }
        if let step = takeZeros() { return step }
        return dropBlock(.zeroHeader)
      }
      if let step = takeZeros() { return step }
      return parse()
    }
  }

  /// The block's last bytes, too few for a header. nil when they are padding or there are none.
  private mutating func leaveTrailer() -> Step? {
    guard remaining > 0 else { return nil }
    if isPartialBlock {
      return takeZeros() ?? dropBlock(.truncatedHeader)
    }
    if zeroStart == nil, !isRecycled, !isZero(from: position) { return dropBlock(.trailerNotZero) }
    position = blockEnd
    return nil
  }

  private mutating func takeZeros() -> Step? {
    guard let start = zeroStart else { return nil }
    zeroStart = nil
    return Step(kind: .zeroPadding, offset: start, end: offset)
  }

  /// Makes the next block current; false at the end of the file.
  private mutating func loadBlock() throws(DatabaseError) -> Bool {
    if blockEnd < chunkCount {
      position = blockEnd
      blockEnd = min(blockEnd + LogFormat.blockSize, chunkCount)
      return true
    }
    let start = chunkStart + UInt64(chunkCount)
    guard start < size, chunkCount % LogFormat.blockSize == 0 else { return false }
    let wanted = Int(min(UInt64(chunk.count), size - start))
    let target = UnsafeMutableRawBufferPointer(start: chunk.memory.baseAddress, count: wanted)
    // Until the read has succeeded nothing of the old chunk may be taken for the new one.
    let count: Int
    do throws(DatabaseError) { count = try file.read(into: target, at: start) } catch {
      if Mutant.readErrorEndsALog.isOn { return false }
      throw error
    }
    guard count == wanted else {
      if Mutant.shortReadEndsALog.isOn { return false }
      throw DatabaseError(
        .corruption, file: file.name, offset: start + UInt64(count), "the file became shorter while it was read")
    }
    chunkStart = start
    chunkCount = count
    position = 0
    blockEnd = min(LogFormat.blockSize, count)
    return true
  }

  private var startsWithZeroHeader: Bool {
    base.load(fromByteOffset: position + 6, as: UInt8.self) == LogFormat.zero
      && base.loadUnaligned(fromByteOffset: position + 4, as: UInt16.self) == 0
  }

  private func isZero(from start: Int) -> Bool {
    UnsafeRawBufferPointer(start: base + start, count: blockEnd - start).allSatisfy { $0 == 0 }
  }

  private mutating func dropBlock(_ kind: Kind) -> Step {
    let start = offset
    position = blockEnd
    return Step(kind: kind, offset: start, end: offset)
  }

  /// At least a plain header is left in the block, and it is not zero.
  private mutating func parse() -> Step {
    let start = offset
    let type = base.load(fromByteOffset: position + 6, as: UInt8.self)
    let length = Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: position + 4, as: UInt16.self)))
    var header = LogFormat.headerSize
    if !plainOnly, LogFormat.isRecyclable(type) {
      // A recycled log starts with a recyclable record; later the type is damage.
      if hasRecord, !isRecycled { return dropBlock(.mixedTypes) }
      isRecycled = true
      header = LogFormat.recyclableHeaderSize
      if remaining < header {
        return dropBlock(isPartialBlock ? .truncatedHeader : .trailerNotZero)
      }
    }
    guard header + length <= remaining else { return dropBlock(.badLength(atEnd: isPartialBlock)) }
    let stored = CRC32C.unmask(UInt32(littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
    let covered = UnsafeRawBufferPointer(start: base + position + 6, count: header - 6 + length)
    let computed = CRC32C.checksum(covered)
    let isStale =
      header == LogFormat.recyclableHeaderSize
      ? UInt32(littleEndian: base.loadUnaligned(fromByteOffset: position + 7, as: UInt32.self)) != number
        // Plain records in a recycled file were written before it was recycled.
      : isRecycled && hasRecord && stored == computed && (LogFormat.full...LogFormat.last).contains(type)
    if isStale, !Mutant.oldRecordsReplayed.isOn {
      position += header + length
      return Step(kind: .oldRecord(intact: stored == computed), offset: start, end: offset, type: type)
    }
    guard stored == computed || Mutant.logChecksumsIgnored.isOn else {
      return dropBlock(.checksumMismatch(stored: stored, computed: computed))
    }
    let payload = UnsafeRawBufferPointer(start: base + position + header, count: length)
    position += header + length
    return Step(kind: .record, offset: start, end: offset, type: type, payload: payload)
  }

  /// Whether the current block holds a whole record at or behind `start`, where a length reaches too far: what a torn
  /// write leaves has none; a damaged length leaves the records behind it, or fits its checksum when it is taken to
  /// end with the block.
  func hidesRecord(from start: UInt64) -> Bool {
    guard start >= chunkStart, start < chunkStart + UInt64(blockEnd) else { return false }
    let first = Int(start - chunkStart)
    var candidate = first
    while candidate + LogFormat.headerSize <= blockEnd {
      let type = base.load(fromByteOffset: candidate + 6, as: UInt8.self)
      let isKnown = type != LogFormat.zero && type <= LogFormat.recyclableTimestampSizes
      let header = LogFormat.isRecyclable(type) ? LogFormat.recyclableHeaderSize : LogFormat.headerSize
      let declared = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: candidate + 4, as: UInt16.self))
      let length = candidate == first ? blockEnd - candidate - header : Int(declared)
      if isKnown, length >= 0, candidate + header + length <= blockEnd {
        let stored = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: candidate, as: UInt32.self))
        let covered = UnsafeRawBufferPointer(start: base + candidate + 6, count: header - 6 + length)
        if CRC32C.mask(CRC32C.checksum(covered)) == stored { return true }
      }
      candidate += 1
    }
    return false
  }

  /// What is at `start` of the current block, where a recycled log may end: whether it is damage, because a record of
  /// this very log follows in the block or one bit makes it one; and whether it begins like one.
  mutating func judgeEnd(at start: UInt64) -> (isDamage: Bool, beginsRecord: Bool) {
    guard start >= chunkStart, start < chunkStart + UInt64(blockEnd) else { return (false, false) }
    let first = Int(start - chunkStart)
    let repair = RecordRepair(
      UnsafeRawBufferPointer(start: base + first, count: blockEnd - first), number: number, takesPlain: !hasRecord)
    let isDamage = lastOwnRecord(behind: first).map { $0 > start } ?? false || repair.isOneBitAway
    return (isDamage, repair.beginsRecord)
  }

  /// Searched once a block: a block of old records asks about each of them.
  private mutating func lastOwnRecord(behind first: Int) -> UInt64? {
    let block = chunkStart + UInt64(first / LogFormat.blockSize * LogFormat.blockSize)
    if let lastOwn, lastOwn.block == block { return lastOwn.start }
    var found: UInt64?
    var candidate = blockEnd - LogFormat.recyclableHeaderSize
    while candidate > first, found == nil {
      if isOwnRecord(at: candidate) { found = chunkStart + UInt64(candidate) }
      candidate -= 1
    }
    lastOwn = (block, found)
    return found
  }

  private func isOwnRecord(at candidate: Int) -> Bool {
    guard base.loadUnaligned(fromByteOffset: candidate + 7, as: UInt32.self) == number.littleEndian,
      LogFormat.isRecyclable(base.load(fromByteOffset: candidate + 6, as: UInt8.self))
    else { return false }
    let length = Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: candidate + 4, as: UInt16.self)))
    guard candidate + LogFormat.recyclableHeaderSize + length <= blockEnd else { return false }
    let covered = UnsafeRawBufferPointer(
      start: base + candidate + 6, count: LogFormat.recyclableHeaderSize - 6 + length)
    let stored = UInt32(littleEndian: base.loadUnaligned(fromByteOffset: candidate, as: UInt32.self))
    return CRC32C.mask(CRC32C.checksum(covered)) == stored
  }
}
