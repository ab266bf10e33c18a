/// What un-flushed logs hold of a column family, to be written as a table of level 0 as an engine's flush does.
struct LogFlush: Sendable {
  var family: UInt32
  var entries: SortedEntries
  var tombstones: [RangeTombstone]

  /// Writes a table, durable and closed. `options` say its order, family and form.
  func write(to file: any AppendFile, _ options: TableOptions) throws(DatabaseError) -> TableSummary {
    let writer = try TableWriter(file: file, options: options)
    do throws(DatabaseError) {
      var last: UnsafeRawBufferPointer?
      for entry in entries.entries {
        // A log that was written twice holds its entries twice.
        if let last, options.order.compareInternal(last, entry.key) == 0 { continue }
        try writer.add(internalKey: entry.key, value: entry.value)
        last = entry.key
      }
      for tombstone in tombstones where options.order.compare(tombstone.begin, tombstone.end) < 0 {
        try writer.addRangeTombstone(tombstone)
      }
      return try writer.finish()
    } catch {
      writer.abandon()
      throw error
    }
  }
}
