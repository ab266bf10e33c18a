public import SofaDB

/// Writes a table into a directory of the real disk, for tests that look at tables from outside.
public enum TableFileOnDisk {
  /// `entries` ascending by internal key, as `TableWriter` wants them. Returns the path.
  @discardableResult
  public static func write(
    _ name: String, in directory: String, options: TableOptions = TableOptions(),
    entries: [(key: [UInt8], sequence: SequenceNumber, kind: EntryKind, value: [UInt8])],
    tombstones: [RangeTombstone] = []
  ) throws -> String {
    let file = try PosixFileSystem().directory(at: directory).create(name)
    let writer = try TableWriter(file: file, options: options)
    for entry in entries {
      let key = ByteBuffer(entry.key)
      let value = ByteBuffer(entry.value)
      try writer.add(userKey: key.bytes, sequence: entry.sequence, kind: entry.kind, value: value.bytes)
    }
    for tombstone in tombstones { try writer.addRangeTombstone(tombstone) }
    _ = try writer.finish()
    return directory + "/" + name
  }
}
