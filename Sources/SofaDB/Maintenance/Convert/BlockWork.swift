/// What is to be done with the data blocks of one table: read, checked, decompressed and hashed they are in any case.
final class BlockWork: Sendable {
  let table: TableFile
  /// The one that the blocks were compressed with.
  let dictionary: CompressionDictionary?
  /// How they are stored again; nil leaves it at reading.
  let target: Target?
  /// Whether the user keys are hashed as LevelDB's filters want them, and in which dialect.
  let keyHashing: KeyHashing?

  /// nil settings: stored raw.
  struct Target: Sendable {
    var settings: CompressionSettings?
  }

  enum KeyHashing: Sendable { case leveldb, rocksdb }

  init(_ source: TableReader, target: Target?, keyHashing: KeyHashing? = nil) {
    table = source.file
    dictionary = source.dictionary
    self.target = target
    self.keyHashing = keyHashing
  }
}
