/// What the data blocks of a table are compressed with. Equal settings give equal bytes on every thread.
struct CompressionSettings: Sendable {
  /// Not `none`.
  let codec: Compression
  /// nil for the codec's own default.
  let level: Int?
  let dictionary: CompressionDictionary?
  var framing = BlockFraming.sized

  func compressor() -> Compressor {
    Compressor(codec: codec, level: level, dictionary: dictionary, framing: framing)
  }

  /// Whether a compressor made for `other` does the same.
  func isSame(as other: CompressionSettings) -> Bool {
    codec == other.codec && level == other.level && dictionary === other.dictionary && framing == other.framing
  }
}
