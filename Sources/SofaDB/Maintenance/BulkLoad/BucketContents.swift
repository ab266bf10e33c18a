internal import Glibc

/// The rows of all workers, bucket by bucket, once the input has been read: in memory or in spill files.
final class BucketContents: @unchecked Sendable {
  struct Bucket {
    var chunks: [RowBuckets.Chunk] = []
    var extents: [(file: SpillFile, extent: SpillFile.Extent)] = []
    /// Of encoded rows.
    var byteCount = 0
    var rowCount = 0
  }

  private(set) var buckets: [Bucket]

  init(count: Int) { buckets = Array(repeating: Bucket(), count: count) }

  /// Adds what one worker holds in memory. Its `RowBuckets` must stay alive and unchanged.
  func add(_ rows: inout RowBuckets) {
    for index in 0..<rows.count where rows.rowCount(of: index) > 0 {
      buckets[index].chunks += rows.chunks(of: index)
      buckets[index].byteCount += rows.byteCount(of: index)
      buckets[index].rowCount += rows.rowCount(of: index)
    }
  }

  /// Adds what one worker has spilled.
  func add(_ file: SpillFile) {
    for (index, extents) in file.extents.enumerated() {
      for extent in extents {
        buckets[index].extents.append((file, extent))
        buckets[index].byteCount += extent.count
        buckets[index].rowCount += extent.rows
      }
    }
  }

  /// Gives the memory of a bucket's rows back to the system, for the pages of the tables: nobody looks at them again.
  func release(_ bucket: Int) {
    for chunk in buckets[bucket].chunks { chunk.release() }
  }

  var byteCount: Int { buckets.reduce(0) { $0 + $1.byteCount } }
  var rowCount: Int { buckets.reduce(0) { $0 + $1.rowCount } }

  /// Memory that sorting the fullest bucket takes beside its rows, if those are in memory.
  var largestSort: Int { (buckets.map(\.rowCount).max() ?? 0) * RowSorter.bytesPerRow }
}
