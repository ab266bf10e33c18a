/// What one thread needs to read and write blocks: contexts and memory, reused from block to block.
final class BlockTools {
  let decompressor = Decompressor()
  /// For the contents of one block.
  var raw = ByteWriter(capacity: 64 << 10)
  private var compressor: Compressor?
  private var settings: CompressionSettings?

  /// A compressor for `settings`, kept until others are asked for.
  func compressor(for settings: CompressionSettings) -> Compressor {
    if let compressor, let known = self.settings, known.isSame(as: settings) { return compressor }
    let made = settings.compressor()
    compressor = made
    self.settings = settings
    return made
  }
}
