internal import CZstd
internal import Synchronization

/// The dictionary that the data blocks of a table share: trained by zstd (it opens with 37 A4 30 EC) or any bytes that
/// the blocks resemble. Immutable; the forms that zstd digests it into are made when first needed and shared by all
/// threads.
public final class CompressionDictionary: Sendable {
  /// Longest dictionary that is accepted, in bytes.
  public static let longest = 16 << 20

  /// The dictionary as stored. Empty means none.
  public var bytes: UnsafeRawBufferPointer { content.bytes }

  private let content: ByteBuffer
  private let digests = Lock(Digests())

  /// What zstd made of the dictionary; freed with it. The pointers are only read by zstd once made.
  private struct Digests: @unchecked Sendable {
    var decoder: OpaquePointer?
    var encoders: [Int: OpaquePointer] = [:]
  }

  /// Copies `bytes`. Throws when they are longer than `longest`.
  public init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    guard bytes.count <= Self.longest else { throw FormatError("compression dictionary is too long") }
    content = ByteBuffer(copying: bytes)
  }

  /// A dictionary of at most `size` bytes made by zstd from samples that stand one after another in `samples`, with
  /// these `lengths`; nil when they are too few or too alike to learn from. Samples of a hundred times `size` in all
  /// are plenty. zlib and LZ4 can use the result too.
  public static func trained(
    on samples: UnsafeRawBufferPointer, lengths: [Int], size: Int
  ) throws(FormatError) -> CompressionDictionary? {
    precondition(lengths.reduce(0, +) == samples.count, "lengths of samples do not add up")
    guard let count = UInt32(exactly: lengths.count), count > 0 else { return nil }
    let room = ByteBuffer(count: min(size, longest))
    let length = ZDICT_trainFromBuffer(
      room.memory.baseAddress, room.count, samples.baseAddress, lengths, count)
    guard ZDICT_isError(length) == 0, length > 0 else { return nil }
    return try CompressionDictionary(UnsafeRawBufferPointer(rebasing: room.bytes[..<length]))
  }

  deinit {
    digests.withLock {
      _ = ZSTD_freeDDict($0.decoder)
      for encoder in $0.encoders.values { ZSTD_freeCDict(encoder) }
    }
  }

  /// The form that zstd decodes with; lives as long as the dictionary.
  func zstdDecoder() throws(FormatError) -> OpaquePointer {
    let made = digests.withLock { digests in
      digests.decoder = digests.decoder ?? ZSTD_createDDict(bytes.baseAddress, bytes.count)
      return PointerBox(pointer: digests.decoder)
    }
    guard let decoder = made.pointer else { throw FormatError("compression dictionary is damaged") }
    return decoder
  }

  /// The form that zstd encodes with at `level`; lives as long as the dictionary.
  func zstdEncoder(level: Int) throws(FormatError) -> OpaquePointer {
    let made = digests.withLock { digests in
      if digests.encoders[level] == nil {
        digests.encoders[level] = ZSTD_createCDict(bytes.baseAddress, bytes.count, Int32(level))
      }
      return PointerBox(pointer: digests.encoders[level])
    }
    guard let encoder = made.pointer else { throw FormatError("compression dictionary is damaged") }
    return encoder
  }

  private struct PointerBox: @unchecked Sendable {
    let pointer: OpaquePointer?
  }
}
