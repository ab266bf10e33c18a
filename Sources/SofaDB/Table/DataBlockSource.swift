/// Brings the data blocks of a table into memory one at a time: reads ahead over neighbours, compares checksums while
/// the bytes are hot, and decompresses, all into memory that is reused, or into the table's cache. One per cursor.
///
/// A block stays valid until the next one is loaded. Random positions read just the block; each further step forward
/// doubles what is read at once, up to `readAhead`.
final class DataBlockSource {
  let table: TableReader
  var index: IndexCursor
  private let decompressor = Decompressor()
  private let readAhead: Int
  private let usesCache: Bool
  /// A block of the cache that is in use.
  private var cached: ByteBuffer?
  /// What is read at once now.
  private var ahead = 0
  private var window = ByteBuffer(count: 0)
  private var windowOffset: UInt64 = 0
  /// Valid bytes of the window.
  private var windowCount = 0
  private var output = ByteWriter(capacity: 16)

  private static let firstAhead = 16 << 10

  init(_ table: TableReader, readAhead: Int, usesCache: Bool) {
    self.table = table
    self.readAhead = max(readAhead, 0)
    self.usesCache = usesCache
    index = IndexCursor(table, usesCache: usesCache)
  }

  /// The next blocks will be read in order.
  func expectScan() { ahead = readAhead }

  /// The next block stands alone.
  func expectSingle() { ahead = 0 }

  /// Gives back the block, and all but a little memory to read into.
  func rest() {
    cached = nil
    if window.count > DataBlockSource.firstAhead {
      window = ByteBuffer(count: 0)
      windowCount = 0
    }
    if output.capacity > DataBlockSource.firstAhead { output = ByteWriter(capacity: 16) }
  }

  /// The contents of the block that `index` points to, checked and decompressed; valid until the next call.
  func load() throws(DatabaseError) -> UnsafeRawBufferPointer {
    let handle = index.handle
    guard usesCache, let cache = table.cache else { return try read(handle) }
    if let block = cache.block(handle) {
      cached = block
      return block.bytes
    }
    let (stored, codec) = try readStored(handle)
    let block = try table.file.decompress(
      stored, as: codec, .data, at: handle, dictionary: table.dictionary, decompressor)
    cache.keep(block, handle)
    cached = block
    return block.bytes
  }

  private func read(_ handle: BlockHandle) throws(DatabaseError) -> UnsafeRawBufferPointer {
    let (stored, codec) = try readStored(handle)
    if codec == .none { return stored }
    output.removeAll()
    do throws(FormatError) {
      try decompressor.decompress(
        stored, as: codec, framing: table.file.framing, dictionary: table.dictionary,
        limit: table.file.blockLimit, into: &output)
    } catch {
      throw table.file.corruption(error, .data, at: handle)
    }
    return output.bytes
  }

  /// The checked block as it is stored, good until the next one.
  private func readStored(
    _ handle: BlockHandle
  ) throws(DatabaseError) -> (stored: UnsafeRawBufferPointer, codec: Compression) {
    try table.file.check(handle, kind: .data)
    let stored = try storedBytes(handle)
    return (stored, try table.file.checkedCodec(of: stored, .data, at: handle))
  }

  /// The block in the window, refilled when it is not there; five bytes of trailer follow.
  private func storedBytes(_ handle: BlockHandle) throws(DatabaseError) -> UnsafeRawBufferPointer {
    let length = Int(handle.size) + BlockTrailer.size
    if handle.offset < windowOffset || handle.offset - windowOffset > UInt64(windowCount)
      || windowCount - Int(handle.offset - windowOffset) < length
    {
      try refill(at: handle.offset, atLeast: length)
    }
    let start = Int(handle.offset - windowOffset)
    return UnsafeRawBufferPointer(start: window.bytes.baseAddress! + start, count: Int(handle.size))
  }

  private func refill(at offset: UInt64, atLeast length: Int) throws(DatabaseError) {
    let rest = Int(min(table.file.footer.offset - offset, UInt64(Int.max)))
    let wanted = min(max(length, ahead), rest)
    ahead = min(max(ahead * 2, DataBlockSource.firstAhead), readAhead)
    windowCount = 0
    if window.count < wanted { window = ByteBuffer(count: wanted) }
    let part = UnsafeMutableRawBufferPointer(rebasing: window.memory[..<wanted])
    let count = try table.file.file.read(into: part, at: offset)
    guard count >= length else { throw table.file.file.shortRead(count, of: length, at: offset) }
    windowOffset = offset
    windowCount = count
  }
}
