/// Goes over the blocks of a table in file order, in large reads into one warm buffer, and checks each checksum.
///
/// Bytes between blocks are read too: alignment padding is zero, anything else is stray. Used by one thread.
struct TablePass: ~Copyable {
  struct Block {
    var kind: BlockKind
    var handle: BlockHandle
    /// Its place among the data blocks.
    var dataIndex: Int?
    /// Bytes that this step covered: the block, its trailer, and a gap before it.
    var bytes: UInt64
  }

  struct Gap {
    var offset: UInt64
    var length: UInt64
  }

  /// 1 MiB.
  private static let piece = 1 << 20

  private let table: TableFile
  private let data: [TableMap.DataBlock]
  private let others: [TableMap.Block]
  private let dictionary: CompressionDictionary?
  private let decompressor = Decompressor()
  private var nextData = 0
  private var nextOther = 0
  private var position: UInt64 = 0
  private var buffer: ByteBuffer
  private var bufferOffset: UInt64 = 0
  private var bufferCount = 0
  private var stored = UnsafeRawBufferPointer(start: nil, count: 0)
  private var current: Block?
  private var output = ByteWriter(capacity: 16)
  private(set) var strayBytes: [Gap] = []

  init(_ table: TableFile, _ map: TableMap, dictionary: CompressionDictionary?) {
    self.table = table
    self.dictionary = dictionary
    data = map.data
    others = map.blocks
    buffer = ByteBuffer(count: Int(min(table.size, UInt64(TablePass.piece))))
    table.file.adviseSequential()
  }

  /// The next block in the file; nil at the end.
  mutating func next() throws(DatabaseError) -> Block? {
    var block: Block
    let takesOther =
      nextOther < others.count
      && (nextData == data.count || others[nextOther].handle.offset < data[nextData].handle.offset)
    if takesOther {
      block = Block(kind: others[nextOther].kind, handle: others[nextOther].handle, dataIndex: nil, bytes: 0)
      nextOther += 1
    } else if nextData < data.count {
      block = Block(kind: .data, handle: data[nextData].handle, dataIndex: nextData, bytes: 0)
      nextData += 1
    } else {
      try coverGap(to: table.footer.offset)
      return nil
    }
    let start = position
    try coverGap(to: block.handle.offset)
    let length = Int(block.handle.size) + BlockTrailer.size
    stored = UnsafeRawBufferPointer(rebasing: try bytes(at: block.handle.offset, length)[..<Int(block.handle.size)])
    position = max(position, block.handle.offset + UInt64(length))
    block.bytes = position - start
    current = block
    return block
  }

  /// What the checksum of the current block says; nil when it holds.
  func checksumFlaw() throws(DatabaseError) -> FlawAt? {
    guard let current else { return nil }
    let trailer = BlockTrailer(at: stored.baseAddress! + stored.count)
    let expected = table.footer.blockChecksum(stored, type: trailer.compressionByte, at: current.handle.offset)
    if trailer.checksum == expected { return nil }
    return try ChecksumFlaw(table, current.handle, stored, trailer, expected).flaw()
  }

  /// The uncompressed bytes of the current block, whose checksum holds; valid until the next step.
  mutating func contents() throws(DatabaseError) -> UnsafeRawBufferPointer {
    let trailer = BlockTrailer(at: stored.baseAddress! + stored.count)
    if trailer.compressionByte == Compression.none.rawValue { return stored }
    let handle = current?.handle ?? BlockHandle(offset: 0, size: 0)
    let codec = try table.codec(trailer.compressionByte, .data, handle)
    output.removeAll()
    do throws(FormatError) {
      try decompressor.decompress(
        stored, as: codec, framing: table.framing, dictionary: dictionary, limit: table.blockLimit, into: &output)
    } catch {
      throw table.corruption(error, .data, at: handle)
    }
    return output.bytes
  }

  /// Looks at the bytes up to `end` that no block claims.
  private mutating func coverGap(to end: UInt64) throws(DatabaseError) {
    let start = position
    while position < end {
      let length = Int(min(UInt64(TablePass.piece), end - position))
      let isZero = try bytes(at: position, length).allSatisfy { $0 == 0 }
      position += UInt64(length)
      if !isZero {
        strayBytes.append(Gap(offset: start, length: end - start))
        position = end
      }
    }
  }

  /// Whether bytes that no block claims are padding.
  static func isZero(_ gap: Gap, _ table: TableFile) throws(DatabaseError) -> Bool {
    var offset = gap.offset
    while offset < gap.offset + gap.length {
      let piece = try table.file.readExactly(Int(min(UInt64(piece), gap.offset + gap.length - offset)), at: offset)
      let isZero = withExtendedLifetime(piece) { piece.bytes.allSatisfy { $0 == 0 } }
      if !isZero { return false }
      offset += UInt64(piece.count)
    }
    return true
  }

  /// Bytes of the file, from the buffer where they are in it.
  private mutating func bytes(at offset: UInt64, _ length: Int) throws(DatabaseError) -> UnsafeRawBufferPointer {
    if offset < bufferOffset || offset + UInt64(length) > bufferOffset + UInt64(bufferCount) {
      if buffer.count < length { buffer = ByteBuffer(count: length) }
      bufferCount = 0
      bufferOffset = offset
      bufferCount = try table.file.read(into: buffer.memory, at: offset)
      guard bufferCount >= length else { throw table.file.shortRead(bufferCount, of: length, at: offset) }
    }
    return UnsafeRawBufferPointer(start: buffer.bytes.baseAddress! + Int(offset - bufferOffset), count: length)
  }
}
