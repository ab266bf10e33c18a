/// Neighbouring buckets of one family whose rows go to a table of their own, or a few.
struct RowGroup: Sendable {
  var family: Int
  var buckets: Range<Int>
  /// Of encoded rows.
  var byteCount: Int

  /// Cuts the buckets into groups: enough of them for tables of about `fileSize` and to keep `jobs` threads busy, and
  /// about equally full. The same input gives the same groups.
  ///
  /// - Parameter ratio: Bytes of table for a byte of rows, roughly.
  static func plan(
    _ contents: BucketContents, routes: KeyRoutes, fileSize: UInt64, ratio: Double, jobs: Int,
    isWhole: (Int) -> Bool
  ) -> [RowGroup] {
    let total = contents.byteCount
    let tables = Int(Double(total) * ratio / Double(max(1, fileSize)) + 0.999)
    // A thread should have work for more than a few milliseconds.
    var wanted = max(1, tables, min(jobs, total / (8 << 20)))
    wanted = (wanted + jobs - 1) / jobs * jobs
    if total / wanted < 4 << 20, tables <= 1 { wanted = 1 }
    let size = max(1, (total + wanted - 1) / wanted)
    var groups: [RowGroup] = []
    // Bytes before a bucket decide which group it belongs to, so that rounding does not add up.
    var before = 0
    var lastShare = -1
    for (index, bucket) in contents.buckets.enumerated() {
      let family = routes.family(ofBucket: index)
      let share = isWhole(family) ? 0 : (before + bucket.byteCount / 2) / size
      if let last = groups.last, last.family == family, share == lastShare {
        groups[groups.count - 1].buckets = last.buckets.lowerBound..<(index + 1)
        groups[groups.count - 1].byteCount += bucket.byteCount
      } else {
        groups.append(RowGroup(family: family, buckets: index..<(index + 1), byteCount: bucket.byteCount))
        lastShare = share
      }
      before += bucket.byteCount
    }
    return groups
  }
}
