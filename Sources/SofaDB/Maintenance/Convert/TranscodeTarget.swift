/// What tables are converted to.
public struct TranscodeTarget: Sendable, Equatable {
  /// One that can be written.
  public var codec: Compression
  /// nil for the codec's own default.
  public var level: Int?
  /// Bytes of a dictionary that is trained for each table; 0 for none.
  public var dictionarySize = 0
  /// Whether tables are written although the engine that made them may not read the result.
  public var isForced = false

  public init(codec: Compression, level: Int? = nil, dictionarySize: Int = 0, isForced: Bool = false) {
    self.codec = codec
    self.level = level
    self.dictionarySize = dictionarySize
    self.isForced = isForced
  }

  /// As command lines spell it: `zstd:6`.
  public var text: String { codec.name + (level.map { ":\($0)" } ?? "") }

  func validate() throws(DatabaseError) {
    guard codec.canEncode else { throw DatabaseError(.unsupported, "\(codec.propertyName) cannot be written") }
    if let level {
      guard let levels = codec.levels, levels.contains(level) else {
        throw DatabaseError(.invalid, "\(codec.name) has no level \(level)")
      }
    }
    guard (0...(1 << 20)).contains(dictionarySize) else {
      throw DatabaseError(.invalid, "dictionary size is out of range")
    }
    guard dictionarySize == 0 || codec.usesDictionary else {
      throw DatabaseError(.invalid, "\(codec.name) takes no dictionary")
    }
  }

  /// How blocks are compressed; nil when they are not.
  func settings(dictionary: CompressionDictionary?, framing: BlockFraming) -> CompressionSettings? {
    if codec == .none { return nil }
    return CompressionSettings(codec: codec, level: level, dictionary: dictionary, framing: framing)
  }
}
