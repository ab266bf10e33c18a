/// A run of neighbouring data blocks of one table on their way through a conversion: first as stored, then what became
/// of them. Runs are what threads hand to each other, because a single block is too little work to be worth it.
///
/// One thread owns it at a time; a `BlockPool` passes it on. Memory: the stored bytes, and what is made of them up to
/// `outputLimit` and one block; a run that makes more is processed in several steps.
final class BlockRun: @unchecked Sendable {
  enum Stage { case filling, waiting, running, done }

  struct Block {
    /// Bytes after decompression.
    var rawSize: Int
    var hash: PieceDigest.Value
    /// Where it ends in `output`.
    var end: Int
    var type: UInt8
    /// Without what depends on its place in the file.
    var blockChecksum: UInt32
    /// Where the hashes of its keys end in `keyHashes`.
    var keyEnd: Int
  }

  /// Stored bytes after which a run is worth handing on.
  static let usualSize = 256 << 10
  private static let outputLimit = 4 << 20
  /// A larger gap between two blocks ends a run.
  private static let longestGap: UInt64 = 64 << 10

  /// Changed by the pool alone, under its lock.
  var stage = Stage.filling
  let work: BlockWork
  private(set) var handles: [BlockHandle] = []
  /// From the first block on, trailers and gaps included.
  private var stored = ByteWriter(capacity: BlockRun.usualSize + (16 << 10))
  /// The first block that is not processed.
  private var next = 0
  private(set) var output = ByteWriter(capacity: 16)
  /// What was processed since `removeOutput`.
  private(set) var blocks: [Block] = []
  private(set) var keyHashes: [UInt32] = []
  private(set) var failure: DatabaseError?

  init(_ work: BlockWork) { self.work = work }

  /// Bytes that the run reads.
  var storedSize: UInt64 {
    guard let first = handles.first, let last = handles.last else { return 0 }
    return last.offset + last.size + UInt64(BlockTrailer.size) - first.offset
  }

  /// The old places of `blocks`.
  var takenHandles: ArraySlice<BlockHandle> { handles[(next - blocks.count)..<next] }

  var isProcessed: Bool { next == handles.count }

  /// Takes a block that lies in the file; false when it does not belong into this run any more.
  func add(_ handle: BlockHandle) -> Bool {
    if let first = handles.first, let last = handles.last?.end, let end = handle.end {
      guard handle.offset >= last, handle.offset - last <= BlockRun.longestGap else { return false }
      guard end - first.offset <= UInt64(BlockRun.usualSize) else { return false }
    }
    handles.append(handle)
    return true
  }

  /// Reads the stored bytes of all blocks that were added.
  func read() throws(DatabaseError) {
    guard let first = handles.first else { return }
    let length = Int(storedSize)
    stored.removeAll()
    let memory = UnsafeMutableRawBufferPointer(start: stored.reserve(length), count: length)
    let count = try work.table.file.read(into: memory, at: first.offset)
    guard count == length else { throw work.table.file.shortRead(count, of: length, at: first.offset) }
    stored.commit(length)
  }

  /// Processes blocks until all are done, or their output is long enough to be taken away first. What goes wrong is in
  /// `failure`.
  func process(with tools: BlockTools) {
    do throws(DatabaseError) {
      while next < handles.count, output.count < BlockRun.outputLimit { try processNext(tools) }
    } catch {
      failure = error
    }
  }

  private func processNext(_ tools: BlockTools) throws(DatabaseError) {
    let handle = handles[next]
    let table = work.table
    let start = stored.bytes.baseAddress! + Int(handle.offset - handles[0].offset)
    let bytes = UnsafeRawBufferPointer(start: start, count: Int(handle.size))
    let trailer = BlockTrailer(at: start + bytes.count)
    let expected = table.footer.blockChecksum(bytes, type: trailer.compressionByte, at: handle.offset)
    guard trailer.checksum == expected else {
      throw table.checksumMismatch(.data, at: handle, stored: trailer.checksum, computed: expected)
    }
    let codec = try table.codec(trailer.compressionByte, .data, handle)
    do throws(FormatError) {
      if codec == .none {
        try take(bytes, tools)
      } else {
        tools.raw.removeAll()
        try tools.decompressor.decompress(
          bytes, as: codec, framing: table.framing, dictionary: work.dictionary, limit: table.blockLimit,
          into: &tools.raw)
        try take(tools.raw.bytes, tools)
      }
    } catch {
      throw table.corruption(error, .data, at: handle)
    }
    next += 1
  }

  /// Hashes a block's contents and stores them anew.
  private func take(_ raw: UnsafeRawBufferPointer, _ tools: BlockTools) throws(FormatError) {
    var block = Block(rawSize: raw.count, hash: .hash(raw), end: 0, type: 0, blockChecksum: 0, keyEnd: 0)
    if let hashing = work.keyHashing { try hashKeys(of: raw, hashing) }
    block.keyEnd = keyHashes.count
    if let target = work.target {
      let start = output.count
      var isSmaller = false
      if let settings = target.settings {
        let compressor = tools.compressor(for: settings)
        isSmaller = try compressor.compress(raw, into: &output)
        if isSmaller { block.type = compressor.storedType }
      }
      if !isSmaller { output.append(raw) }
      block.end = output.count
      block.blockChecksum = work.table.footer.checksum.blockChecksum(
        UnsafeRawBufferPointer(rebasing: output.bytes[start...]), type: block.type)
    }
    blocks.append(block)
  }

  private func hashKeys(of raw: UnsafeRawBufferPointer, _ hashing: BlockWork.KeyHashing) throws(FormatError) {
    var cursor = BlockCursor()
    try cursor.load(raw)
    while try cursor.next() {
      guard cursor.key.count >= 8 else { throw FormatError("key shorter than its trailer", at: cursor.entryOffset) }
      keyHashes.append(
        FilterHash.hash32(
          cursor.key.internalKeyUserKey, seed: FilterHash.bloomSeed, signedTail: hashing == .rocksdb))
    }
  }

  /// Forgets what was made so far, which its owner has taken.
  func removeOutput() {
    output.removeAll()
    blocks.removeAll(keepingCapacity: true)
    keyHashes.removeAll(keepingCapacity: true)
  }

  /// Makes the run empty, for other blocks of the same table.
  func removeAll() {
    removeOutput()
    stored.removeAll()
    handles.removeAll(keepingCapacity: true)
    next = 0
    stage = .filling
  }
}
