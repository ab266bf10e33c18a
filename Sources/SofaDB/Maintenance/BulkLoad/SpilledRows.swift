/// The encoded rows of several extents as one stream.
struct SpilledRows {
  private let extents: [(file: SpillFile, extent: SpillFile.Extent)]
  private var current = 0
  private var offset = 0

  init(_ extents: [(file: SpillFile, extent: SpillFile.Extent)]) { self.extents = extents }

  /// Fills `buffer` with whole rows of the current extent. No rows and `wanted` 0 at the end; no rows and `wanted`
  /// bytes when the next row needs a larger buffer.
  mutating func fill(
    _ buffer: UnsafeMutableRawBufferPointer
  ) throws(DatabaseError) -> (count: Int, rows: Int, wanted: Int) {
    while current < extents.count, offset == extents[current].extent.count {
      current += 1
      offset = 0
    }
    guard current < extents.count, let base = buffer.baseAddress else { return (0, 0, 0) }
    let (file, extent) = extents[current]
    let length = min(buffer.count, extent.count - offset)
    try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), at: extent.offset + UInt64(offset))
    var count = 0
    var rows = 0
    while length - count >= EncodedRow.headerSize {
      let size = EncodedRow(base + count).count
      guard size <= length - count else {
        if rows == 0 { return (0, 0, size) }
        break
      }
      count += size
      rows += 1
    }
    offset += count
    return (count, rows, 0)
  }
}
