internal import Glibc

/// Brings the rows of a bucket into order and hands them to an emitter. One for each thread; its buffers are reused.
///
/// A bucket in memory is sorted where it is. One that was spilled is read whole if its rows and their entries fit the
/// thread's share of the memory. Else it is read in parts that fit, each part is sorted and written as a run, and the
/// runs are merged.
struct BucketSorter: ~Copyable {
  private let routes: KeyRoutes
  /// Bytes for rows and entries.
  private let share: Int
  private let spillDirectory: any Directory
  private let spillName: String
  private var runFiles = 0
  private var sorter = RowSorter()
  private var buffer: UnsafeMutableRawBufferPointer

  init(routes: KeyRoutes, share: Int, spillDirectory: any Directory, spillName: String) {
    self.routes = routes
    self.share = share
    self.spillDirectory = spillDirectory
    self.spillName = spillName
    buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  deinit { free(buffer.baseAddress) }

  mutating func emit(
    _ bucket: BucketContents.Bucket, number: Int, into emitter: inout RowEmitter
  ) throws(DatabaseError) {
    let family = routes.family(ofBucket: number)
    let prefix = routes.prefix(ofFamily: family)
    let order = routes.orders[family]
    guard bucket.rowCount > 0 else { return }
    let spilled = bucket.extents.reduce(0) { $0 + $1.extent.count }
    if spilled > 0, spilled + bucket.rowCount * RowSorter.bytesPerRow > share {
      return try mergeRuns(of: bucket, order, prefix, into: &emitter)
    }
    sorter.removeAll()
    sorter.reserve(bucket.rowCount)
    for chunk in bucket.chunks { sorter.add(chunk.start, count: chunk.count, prefix: prefix) }
    if spilled > 0 {
      try reserve(spilled)
      var place = 0
      for (file, extent) in bucket.extents {
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[place..<(place + extent.count)])
        try file.read(into: part, at: extent.offset)
        place += extent.count
      }
      if let start = buffer.baseAddress { sorter.add(start, count: spilled, prefix: prefix) }
    }
    try emitter.emit(sorter.sort(order, prefix: prefix))
  }

  private mutating func reserve(_ count: Int) throws(DatabaseError) {
    guard count > buffer.count else { return }
    free(buffer.baseAddress)
    buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    // A little more than asked for, since the next bucket may be a little larger.
    let size = count + count / 8
    guard let start = malloc(size) else {
      throw DatabaseError(.io(ENOMEM), "no memory for \(size) bytes of rows")
    }
    buffer = UnsafeMutableRawBufferPointer(start: start, count: size)
  }

  // MARK: Buckets larger than the memory

  /// Rows take at least 17 bytes and entries 32 a row, so a third of the share leaves room for both.
  private mutating func mergeRuns(
    of bucket: BucketContents.Bucket, _ order: KeyOrder, _ prefix: KeyPrefix, into emitter: inout RowEmitter
  ) throws(DatabaseError) {
    var runs = try writeRuns(of: bucket, order, prefix)
    free(buffer.baseAddress)
    buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    sorter = RowSorter()
    let fanIn = max(2, share / RunMerger.smallestBuffer)
    while runs.count > fanIn {
      let file = makeRunFile()
      var merger = try RunMerger(Array(runs.prefix(fanIn)), order, prefix, memory: share)
      var output = RunWriter(file: file)
      while let row = try merger.next() { try output.append(row) }
      runs.removeFirst(fanIn)
      runs.append(try output.finish())
    }
    var merger = try RunMerger(runs, order, prefix, memory: share)
    while let row = try merger.next() {
      try emitter.offer(row)
      if emitter.conflict != nil { return }
    }
    try emitter.flush()
  }

  private mutating func makeRunFile() -> SpillFile {
    runFiles += 1
    return SpillFile(in: spillDirectory, name: "\(spillName)-\(runFiles)", buckets: 1)
  }

  private mutating func writeRuns(
    of bucket: BucketContents.Bucket, _ order: KeyOrder, _ prefix: KeyPrefix
  ) throws(DatabaseError) -> [RunWriter.Run] {
    var runs: [RunWriter.Run] = []
    let file = makeRunFile()
    var reader = SpilledRows(bucket.extents)
    try reserve(max(4096, share / 3))
    while true {
      let (count, rows, wanted) = try reader.fill(buffer)
      if rows == 0, wanted > 0 {
        try reserve(wanted)
        continue
      }
      guard rows > 0, let start = buffer.baseAddress else { break }
      sorter.removeAll()
      sorter.reserve(rows)
      sorter.add(start, count: count, prefix: prefix)
      var output = RunWriter(file: file)
      for entry in sorter.sort(order, prefix: prefix) { try output.append(EncodedRow(entry.row)) }
      runs.append(try output.finishPart())
    }
    try file.close()
    return runs
  }
}
