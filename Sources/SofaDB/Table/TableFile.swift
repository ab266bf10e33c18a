/// A table on disk up to its footer, and the steps that lead further. Each step reads and checks one part and throws
/// when that part is damaged, so that whoever examines or rescues a table can go on with the others; `TableReader`
/// takes all of them.
///
/// Every block is `stored bytes || compression type || checksum`; checksums are compared before contents are looked
/// at. Handles must lie in the file before anything is allocated. May be shared between threads.
public final class TableFile: Sendable {
  /// The largest block that is decompressed, unless told otherwise: 64 MiB.
  public static let defaultBlockLimit = 64 << 20
  /// The largest block that is read at all, in bytes; offsets within blocks have 32 bits.
  static let storedLimit: UInt64 = 2 << 30

  public let file: any RandomAccessFile
  /// Bytes of the file, or of the part of it that is the table.
  public let size: UInt64
  public let footer: Footer
  /// Bytes that a block may have after decompression.
  public let blockLimit: Int

  /// Reads the footer. `size` is the size that the MANIFEST knows; a file that is shorter is damaged.
  public init(
    _ file: any RandomAccessFile, size: UInt64? = nil, blockLimit: Int = TableFile.defaultBlockLimit
  ) throws(DatabaseError) {
    self.file = file
    self.size = size ?? file.size
    self.blockLimit = blockLimit
    footer = try TableFile.readFooter(file, size: self.size)
  }

  /// A table whose footer was found elsewhere or guessed: its own is damaged or gone.
  init(_ file: any RandomAccessFile, footer: Footer, blockLimit: Int = TableFile.defaultBlockLimit) {
    self.file = file
    self.footer = footer
    self.blockLimit = blockLimit
    size = file.size
  }

  private static func readFooter(_ file: any RandomAccessFile, size: UInt64) throws(DatabaseError) -> Footer {
    guard size <= file.size else {
      throw DatabaseError(.corruption, file: file.name, "the file has \(file.size) bytes of \(size)")
    }
    let length = Int(min(size, UInt64(Footer.longestSize)))
    let start = size - UInt64(length)
    let tail = try file.readExactly(length, at: start)
    defer { withExtendedLifetime(tail) {} }
    if length >= Footer.legacySize {
      let magic = TableMagic(tail.bytes)
      if magic == .plain || magic == .cuckoo {
        let name = magic == .plain ? "a PlainTable" : "a CuckooTable"
        throw DatabaseError(.unsupported, file: file.name, offset: size - 8, "\(name), which is not supported")
      }
    }
    do throws(FormatError) {
      return try Footer(decoding: tail.bytes, fileSize: size)
    } catch {
      throw DatabaseError(error, file: file.name, base: start)
    }
  }

  /// How compressed blocks of this table are framed. LevelDB's framing reads RocksDB's oldest as well: no deflate
  /// stream begins like a zstd frame.
  public var framing: BlockFraming {
    footer.formatVersion == 0 ? .leveldb : footer.formatVersion == 1 ? .unsized : .sized
  }

  // MARK: Blocks

  /// The block at `handle` as stored, intact or not. Throws when it does not lie in the file or cannot be read.
  public func readStored(_ handle: BlockHandle, kind: BlockKind) throws(DatabaseError) -> StoredBlock {
    try check(handle, kind: kind)
    let buffer = try file.readExactly(Int(handle.size) + BlockTrailer.size, at: handle.offset)
    return StoredBlock(buffer, handle: handle, kind: kind, footer: footer)
  }

  /// Throws unless the block lies before the footer and is not absurdly large.
  func check(_ handle: BlockHandle, kind: BlockKind) throws(DatabaseError) {
    guard handle.lies(within: footer.offset) else {
      throw DatabaseError(
        .corruption, file: file.name, offset: handle.offset,
        "\(kind.name) of \(handle.size) bytes does not lie in the file")
    }
    guard handle.size <= TableFile.storedLimit else {
      throw DatabaseError(
        .unsupported, file: file.name, offset: handle.offset, "\(kind.name) of \(handle.size) bytes is too large")
    }
  }

  /// Throws when the checksum does not match.
  public func verify(_ block: StoredBlock) throws(DatabaseError) {
    guard block.isIntact else {
      throw checksumMismatch(
        block.kind, at: block.handle, stored: block.trailer.checksum, computed: block.expectedChecksum)
    }
  }

  /// Decompresses a stored block, whose checksum is not looked at. `dictionary` is for data blocks.
  public func contents(
    of block: StoredBlock, dictionary: CompressionDictionary? = nil, decompressor: Decompressor? = nil
  ) throws(DatabaseError) -> ByteBuffer {
    let codec = try codec(block.trailer.compressionByte, block.kind, block.handle)
    return try decompress(
      block.bytes, as: codec, block.kind, at: block.handle, dictionary: dictionary, decompressor ?? Decompressor())
  }

  /// The content of `stored`, the checked bytes of the block at `handle`, in memory of its own.
  func decompress(
    _ stored: UnsafeRawBufferPointer, as codec: Compression, _ kind: BlockKind, at handle: BlockHandle,
    dictionary: CompressionDictionary?, _ decompressor: Decompressor
  ) throws(DatabaseError) -> ByteBuffer {
    if codec == .none { return ByteBuffer(copying: stored) }
    do throws(FormatError) {
      return try decompressor.decompress(
        stored, as: codec, framing: framing, dictionary: dictionary, limit: blockLimit)
    } catch {
      throw corruption(error, kind, at: handle)
    }
  }

  /// The checked and decompressed block at `handle`. Without a `decompressor` one that others use too is borrowed.
  public func readBlock(
    _ handle: BlockHandle, kind: BlockKind, dictionary: CompressionDictionary? = nil,
    decompressor: Decompressor? = nil
  ) throws(DatabaseError) -> ByteBuffer {
    guard let decompressor else {
      let shared = Decompressors.shared.take()
      defer { Decompressors.shared.giveBack(shared) }
      return try readBlock(handle, kind: kind, dictionary: dictionary, decompressor: shared)
    }
    try check(handle, kind: kind)
    let size = Int(handle.size)
    let room = decompressor.room(size + BlockTrailer.size)
    defer { withExtendedLifetime(room) {} }
    let part = UnsafeMutableRawBufferPointer(rebasing: room.memory[..<(size + BlockTrailer.size)])
    let count = try file.read(into: part, at: handle.offset)
    guard count == part.count else { throw file.shortRead(count, of: part.count, at: handle.offset) }
    let stored = UnsafeRawBufferPointer(rebasing: part[..<size])
    let codec = try checkedCodec(of: stored, kind, at: handle)
    return try decompress(
      stored, as: codec, kind, at: handle, dictionary: dictionary, decompressor)
  }

  /// The codec of `stored`, which its trailer follows; throws when the checksum there does not match.
  func checkedCodec(
    of stored: UnsafeRawBufferPointer, _ kind: BlockKind, at handle: BlockHandle
  ) throws(DatabaseError) -> Compression {
    let trailer = BlockTrailer(at: stored.baseAddress! + stored.count)
    let expected = footer.blockChecksum(stored, type: trailer.compressionByte, at: handle.offset)
    guard trailer.checksum == expected else {
      throw checksumMismatch(kind, at: handle, stored: trailer.checksum, computed: expected)
    }
    return try codec(trailer.compressionByte, kind, handle)
  }

  /// The codec that a trailer names; throws where it is unknown or cannot be read.
  func codec(_ byte: UInt8, _ kind: BlockKind, _ handle: BlockHandle) throws(DatabaseError) -> Compression {
    // Type 2 of LevelDB's tables is zstd or zlib, which `framing` tells apart.
    if let codec = Compression(rawValue: byte), codec.canDecode { return codec }
    throw DatabaseError(
      .unsupported, file: file.name, offset: handle.offset,
      "\(kind.name) compressed with \(Compression.describe(byte)), which is not supported")
  }

  func checksumMismatch(
    _ kind: BlockKind, at handle: BlockHandle, stored: UInt32, computed: UInt32
  ) -> DatabaseError {
    DatabaseError(
      .corruption, file: file.name, offset: handle.offset,
      "\(kind.name) of \(handle.size) bytes: checksum mismatch, stored \(HexText.number(UInt64(stored))), "
        + "computed \(HexText.number(UInt64(computed)))")
  }

  /// A decoder's complaint about the contents of the block at `handle`.
  func corruption(_ error: FormatError, _ kind: BlockKind, at handle: BlockHandle) -> DatabaseError {
    DatabaseError(.corruption, file: file.name, offset: handle.offset, "\(kind.name): \(error)")
  }
}
