/// Compresses blocks with one codec, level and dictionary. Keeps its contexts from block to block, so each thread
/// should have one of its own, and no two may share one.
///
/// A block is kept compressed only when that saves more than an eighth, as LevelDB and RocksDB do.
public final class Compressor {
  public let codec: Compression
  public let level: Int
  public let dictionary: CompressionDictionary?
  /// What stands before the compressed bytes.
  public let framing: BlockFraming

  private enum Encoder {
    case stored
    case zlib(Deflater)
    case lz4(LZ4Encoder)
    case lz4hc(LZ4HCEncoder)
    case zstd(ZstdEncoder)
    case snappy(SnappyEncoder)
  }

  /// Opened with the first block.
  private var encoder: Encoder?

  /// Longest block that is compressed at all, in bytes: what every library takes.
  private static let longest = 0x7E00_0000

  /// `codec` must be one that `canEncode`, and `level` one of its `levels`; nil is its default.
  public init(
    codec: Compression, level: Int? = nil, dictionary: CompressionDictionary? = nil, framing: BlockFraming = .sized
  ) {
    precondition(codec.canEncode, "codec cannot be written")
    if let level, let legal = codec.levels { precondition(legal.contains(level), "level out of range") }
    self.codec = codec
    self.level = level ?? codec.defaultLevel
    self.dictionary = codec.usesDictionary ? dictionary : nil
    self.framing = framing
  }

  /// The byte behind a block that was compressed. LevelDB knows zstd by the number that RocksDB gave zlib.
  public var storedType: UInt8 {
    codec == .zstd && framing == .leveldb ? Compression.zlib.rawValue : codec.rawValue
  }

  /// Appends the compressed form of `raw` to `output` and returns true; or leaves `output` as it is and returns false,
  /// when the block is to be stored raw. Throws when the dictionary is damaged or no context could be had.
  public func compress(_ raw: UnsafeRawBufferPointer, into output: inout ByteWriter) throws(FormatError) -> Bool {
    guard codec != .none, raw.count > 0, raw.count <= Self.longest else { return false }
    let encoder = try open()
    let start = output.count
    // The longest frame that still saves more than an eighth, prefix included.
    appendPrefix(raw.count, to: &output)
    let capacity = raw.count - raw.count / 8 - 1 - (output.count - start)
    guard capacity > 0 else {
      output.truncate(to: start)
      return false
    }
    let place = output.reserve(capacity)
    let length: Int? =
      switch encoder {
      case .stored: nil
      case .zlib(let deflater): deflater.encode(raw, into: place, capacity: capacity)
      case .lz4(let encoder): encoder.encode(raw, into: place, capacity: capacity)
      case .lz4hc(let encoder): encoder.encode(raw, into: place, capacity: capacity)
      case .zstd(let encoder): encoder.encode(raw, into: place, capacity: capacity)
      case .snappy(let encoder): encoder.encode(raw, into: place, capacity: capacity)
      }
    guard let length = length ?? (Mutant.cutBlocksKept.isOn ? capacity : nil) else {
      output.truncate(to: start)
      return false
    }
    output.commit(length)
    return true
  }

  /// See `BlockFraming`.
  private func appendPrefix(_ size: Int, to output: inout ByteWriter) {
    switch codec {
    case .zlib where framing != .sized: break
    case .zstd where framing == .leveldb: break
    case .lz4 where framing != .sized, .lz4hc where framing != .sized: output.appendFixed64(UInt64(size))
    default: output.appendVarint(size)
    }
  }

  private func open() throws(FormatError) -> Encoder {
    if let encoder { return encoder }
    let opened: Encoder =
      switch codec {
      case .zlib: .zlib(try Deflater(level: level, dictionary: dictionary))
      case .lz4: .lz4(LZ4Encoder(level: level, dictionary: dictionary))
      case .lz4hc: .lz4hc(LZ4HCEncoder(level: level, dictionary: dictionary))
      case .zstd: .zstd(try ZstdEncoder(level: level, dictionary: dictionary))
      case .snappy: .snappy(SnappyEncoder())
      case .none, .bzip2, .xpress, .zstdNotFinal: .stored
      }
    encoder = opened
    return opened
  }
}
