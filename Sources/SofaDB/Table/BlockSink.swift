internal import Glibc

/// Appends blocks to a table file and hands out their handles. Blocks are compressed or copied straight into one
/// buffer, and the file gets it in pieces of about a mebibyte.
///
///     stored bytes, 1 byte compression type, fixed32 checksum
///
/// After a failed write the sink repeats that failure: the file's content is unknown.
struct BlockSink: ~Copyable {
  /// Appends to the file are at least this long, the last one apart.
  private static let pieceSize = 1 << 20

  private let file: any AppendFile
  private let checksum: ChecksumType
  /// Base of the checksums' context of format_version >= 6; 0 before.
  private let contextBase: UInt32
  private var buffer = ByteWriter(capacity: BlockSink.pieceSize + (64 << 10))
  private var failure: DatabaseError?
  /// Where the next block goes, in bytes from the start of the file.
  private(set) var offset: UInt64 = 0
  /// Bit n is set when a block of compression type n < 64 was stored.
  private(set) var storedTypes: UInt64 = 0

  init(file: any AppendFile, checksum: ChecksumType, contextBase: UInt32) {
    self.file = file
    self.checksum = checksum
    self.contextBase = contextBase
  }

  /// Stores a block raw.
  mutating func append(_ raw: UnsafeRawBufferPointer) throws(DatabaseError) -> BlockHandle {
    try check()
    if raw.count >= BlockSink.pieceSize { return try appendLarge(raw, type: 0) }
    let start = buffer.count
    buffer.append(raw)
    return try seal(from: start, type: 0)
  }

  /// Stores a block compressed, or raw when the compressor finds that this saves too little.
  mutating func append(
    _ raw: UnsafeRawBufferPointer, compressor: Compressor?
  ) throws(DatabaseError) -> BlockHandle {
    guard let compressor else { return try append(raw) }
    try check()
    let start = buffer.count
    var isSmaller = false
    do {
      isSmaller = try compressor.compress(raw, into: &buffer)
    } catch {
      throw fail(error)
    }
    return isSmaller ? try seal(from: start, type: compressor.storedType) : try append(raw)
  }

  /// Stores what was compressed elsewhere; `type` is its compression type.
  mutating func append(
    stored: UnsafeRawBufferPointer, type: UInt8, blockChecksum: UInt32
  ) throws(DatabaseError) -> BlockHandle {
    try check()
    buffer.append(stored)
    return try close(stored.count, type: type, blockChecksum: blockChecksum)
  }

  /// Appends bytes that are no block: the footer.
  mutating func append(unframed bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    try check()
    buffer.append(bytes)
    offset += UInt64(bytes.count)
  }

  /// Gives the file everything that is buffered.
  mutating func flush() throws(DatabaseError) {
    try check()
    guard buffer.count > 0 else { return }
    try write(buffer.bytes)
    buffer.removeAll()
  }

  /// Ends the table: a block could not be compressed, for want of memory.
  mutating func fail(_ error: FormatError) -> DatabaseError {
    let failure = DatabaseError(
      .io(ENOMEM), file: file.name, offset: offset, "a block cannot be compressed: \(error.reason)")
    self.failure = failure
    return failure
  }

  private func check() throws(DatabaseError) {
    if let failure { throw failure }
  }

  private mutating func seal(from start: Int, type: UInt8) throws(DatabaseError) -> BlockHandle {
    let stored = UnsafeRawBufferPointer(rebasing: buffer.bytes[start...])
    let value = checksum.blockChecksum(stored, type: type)
    return try close(stored.count, type: type, blockChecksum: value)
  }

  /// A block as large as a piece goes to the file without a copy.
  private mutating func appendLarge(
    _ raw: UnsafeRawBufferPointer, type: UInt8
  ) throws(DatabaseError) -> BlockHandle {
    let value = checksum.blockChecksum(raw, type: type)
    try flush()
    try write(raw)
    return try close(raw.count, type: type, blockChecksum: value)
  }

  private mutating func close(
    _ size: Int, type: UInt8, blockChecksum: UInt32
  ) throws(DatabaseError) -> BlockHandle {
    let modifier = ChecksumType.contextModifier(base: contextBase, offset: offset)
    buffer.append(type)
    buffer.appendFixed32(blockChecksum &+ modifier)
    let handle = BlockHandle(offset: offset, size: UInt64(size))
    offset += UInt64(size) + 5
    if type < 64 { storedTypes |= 1 << UInt64(type) }
    if buffer.count >= BlockSink.pieceSize { try flush() }
    return handle
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    do {
      try file.append(bytes)
    } catch {
      failure = error
      throw error
    }
  }
}
