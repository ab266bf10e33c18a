/// A temporary file for rows that found no room in memory: per spill, the rows of each bucket one after the other.
///
/// The file loses its name as soon as it is open, so that nothing is left behind whatever happens. Written by one
/// worker, then read by any number of threads. Closed when it is deallocated.
final class SpillFile: @unchecked Sendable {
  struct Extent {
    var offset: UInt64
    /// Bytes and rows.
    var count: Int
    var rows: Int
  }

  private let directory: any Directory
  private let name: String
  private var writing: (any AppendFile)?
  private var reading: (any RandomAccessFile)?
  /// For each bucket, where its rows are.
  private(set) var extents: [[Extent]]

  init(in directory: any Directory, name: String, buckets: Int) {
    self.directory = directory
    self.name = name
    extents = Array(repeating: [], count: buckets)
  }

  deinit {
    do throws(DatabaseError) {
      try writing?.close()
    } catch {
      // Nobody will read it again.
    }
  }

  /// Writes all rows of `buckets` and empties them.
  func spill(_ buckets: inout RowBuckets) throws(DatabaseError) {
    let file = try open()
    for bucket in 0..<buckets.count where buckets.rowCount(of: bucket) > 0 {
      let offset = file.size
      for chunk in buckets.chunks(of: bucket) {
        try file.append(UnsafeRawBufferPointer(start: chunk.start, count: chunk.count))
      }
      extents[bucket].append(
        Extent(offset: offset, count: Int(file.size - offset), rows: buckets.rowCount(of: bucket)))
    }
    buckets.removeAll()
  }

  /// Appends bytes for `RunWriter`.
  func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) { try open().append(bytes) }

  /// Bytes so far.
  var size: UInt64 { writing?.size ?? 0 }

  private func open() throws(DatabaseError) -> any AppendFile {
    if let writing { return writing }
    let file = try directory.create(name)
    writing = file
    do throws(DatabaseError) {
      reading = try directory.open(name)
    } catch {
      try directory.remove(name)
      throw error
    }
    try directory.remove(name)
    return file
  }

  /// Ends the writing.
  func close() throws(DatabaseError) { try writing?.close() }

  /// Fills `buffer` from `offset`.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) {
    guard let reading else { return }
    let count = try reading.read(into: buffer, at: offset)
    guard count == buffer.count else {
      throw DatabaseError(.io(0), file: name, offset: offset, "the temporary file is shorter than what was written")
    }
  }
}
