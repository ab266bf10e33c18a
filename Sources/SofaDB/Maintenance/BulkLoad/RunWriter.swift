/// Writes a run of sorted rows to a temporary file.
struct RunWriter: ~Copyable {
  struct Run {
    let file: SpillFile
    let extent: SpillFile.Extent
  }

  private static let bufferSize = 256 << 10

  private let file: SpillFile
  private let start: UInt64
  private var count = 0
  private var rows = 0
  private var buffer = ByteWriter(capacity: RunWriter.bufferSize)

  init(file: SpillFile) {
    self.file = file
    start = file.size
  }

  mutating func append(_ row: EncodedRow) throws(DatabaseError) {
    let bytes = UnsafeRawBufferPointer(start: row.base, count: row.count)
    if buffer.count + bytes.count > RunWriter.bufferSize { try flush() }
    if bytes.count > RunWriter.bufferSize { try file.append(bytes) } else { buffer.append(bytes) }
    count += bytes.count
    rows += 1
  }

  private mutating func flush() throws(DatabaseError) {
    guard buffer.count > 0 else { return }
    try file.append(buffer.bytes)
    buffer.removeAll()
  }

  /// Ends the run; more runs may follow in the same file.
  mutating func finishPart() throws(DatabaseError) -> Run {
    try flush()
    return Run(file: file, extent: SpillFile.Extent(offset: start, count: count, rows: rows))
  }

  /// Ends run and file.
  mutating func finish() throws(DatabaseError) -> Run {
    let run = try finishPart()
    try file.close()
    return run
  }
}
