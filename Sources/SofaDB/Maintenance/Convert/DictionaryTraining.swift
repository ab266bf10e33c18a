/// Trains a dictionary on blocks spread evenly over a table.
struct DictionaryTraining {
  /// Bytes of samples for a byte of dictionary; zstd's own advice.
  private static let sampleFactor = 100
  /// Samples are not more, in bytes.
  private static let longestSample = 32 << 20

  private let source: TableReader
  private let size: Int
  private let tools: BlockTools

  /// `size`: of the dictionary, in bytes; 0 for none.
  init(_ source: TableReader, size: Int, _ tools: BlockTools) {
    self.source = source
    self.size = size
    self.tools = tools
  }

  /// nil when none is wanted, or the table has too little to learn from.
  func dictionary() throws(DatabaseError) -> CompressionDictionary? {
    guard size > 0 else { return nil }
    let handles = try handles()
    let wanted = min(size * DictionaryTraining.sampleFactor, DictionaryTraining.longestSample)
    let usual = max(1, source.properties.rawKeySize &+ source.properties.rawValueSize) / UInt64(max(1, handles.count))
    let count = min(handles.count, max(16, wanted / Int(clamping: max(usual, 256))))
    var samples = ByteWriter(capacity: 1 << 20)
    var lengths: [Int] = []
    for part in 0..<count where samples.count < wanted {
      let contents = try source.file.readBlock(
        handles[part * handles.count / count], kind: .data, dictionary: source.dictionary,
        decompressor: tools.decompressor)
      guard contents.count <= wanted else { continue }
      withExtendedLifetime(contents) { samples.append(contents.bytes) }
      lengths.append(contents.count)
    }
    guard !lengths.isEmpty else { return nil }
    do throws(FormatError) {
      return try CompressionDictionary.trained(on: samples.bytes, lengths: lengths, size: size)
    } catch {
      throw DatabaseError(error, file: source.name)
    }
  }

  private func handles() throws(DatabaseError) -> [BlockHandle] {
    var handles: [BlockHandle] = []
    var index = source.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      handles.append(index.handle)
      try index.next()
    }
    return handles
  }
}
