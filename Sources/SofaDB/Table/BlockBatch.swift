/// A run of data blocks of one table on their way into it: first raw, then as they will be stored, checksums included
/// but for what depends on their place in the file. Batches are what threads hand to each other, because a single block
/// is too little work to be worth it.
///
/// One thread owns it at a time; a `CompressionPool` passes it on.
final class BlockBatch: @unchecked Sendable {
  enum Stage { case filling, waiting, running, done }

  private struct Stored {
    var end: Int
    var type: UInt8
    var blockChecksum: UInt32
  }

  /// Raw bytes after which a batch is worth handing on.
  static let usualSize = 256 << 10

  /// Changed by the pool alone, under its lock.
  var stage = Stage.filling
  let settings: CompressionSettings
  private let checksum: ChecksumType
  private var raw = ByteWriter(capacity: BlockBatch.usualSize + (64 << 10))
  private var rawEnds: [Int] = []
  private var stored = ByteWriter(capacity: BlockBatch.usualSize)
  private var blocks: [Stored] = []
  private var failure: FormatError?

  init(settings: CompressionSettings, checksum: ChecksumType) {
    self.settings = settings
    self.checksum = checksum
  }

  /// Raw bytes of all blocks.
  var rawSize: Int { raw.count }
  var isEmpty: Bool { rawEnds.isEmpty }

  /// Adds the contents of a block; they are copied.
  func add(_ contents: UnsafeRawBufferPointer) {
    raw.append(contents)
    rawEnds.append(raw.count)
  }

  /// A dictionary of at most `size` bytes that the blocks teach; nil when they are too few or too alike.
  func trainedDictionary(size: Int) throws(FormatError) -> CompressionDictionary? {
    let lengths = rawEnds.indices.map { rawEnds[$0] - ($0 == 0 ? 0 : rawEnds[$0 - 1]) }
    return try CompressionDictionary.trained(on: raw.bytes, lengths: lengths, size: size)
  }

  /// Hands the raw blocks to another batch, whose settings differ.
  func move(to other: BlockBatch) {
    swap(&raw, &other.raw)
    swap(&rawEnds, &other.rawEnds)
  }

  /// Compresses every block, or keeps it raw where that saves too little.
  func encode(with compressor: Compressor) {
    var start = 0
    do throws(FormatError) {
      for end in rawEnds {
        let contents = UnsafeRawBufferPointer(rebasing: raw.bytes[start..<end])
        let storedStart = stored.count
        let isSmaller = try compressor.compress(contents, into: &stored)
        if !isSmaller { stored.append(contents) }
        let type = isSmaller ? compressor.codec.rawValue : 0
        let value = checksum.blockChecksum(
          UnsafeRawBufferPointer(rebasing: stored.bytes[storedStart...]), type: type)
        blocks.append(Stored(end: stored.count, type: type, blockChecksum: value))
        start = end
      }
    } catch {
      failure = error
    }
  }

  /// Stores the encoded blocks, and makes the batch empty.
  func append(to sink: inout BlockSink, index: inout IndexBuilder) throws(DatabaseError) {
    if let failure { throw sink.fail(failure) }
    var start = 0
    for block in blocks {
      let bytes = UnsafeRawBufferPointer(rebasing: stored.bytes[start..<block.end])
      index.addHandle(try sink.append(stored: bytes, type: block.type, blockChecksum: block.blockChecksum))
      start = block.end
    }
    raw.removeAll()
    rawEnds.removeAll(keepingCapacity: true)
    stored.removeAll()
    blocks.removeAll(keepingCapacity: true)
    stage = .filling
  }
}
