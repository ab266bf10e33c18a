/// Writes one table file: entries in ascending order of their internal keys, range tombstones in any order, then
/// `finish`.
///
/// Memory: about two blocks, the index, 8 bytes a key for the filter and 1 MiB of output;
/// with a pool of n threads another n + 3 times 512 KiB.
///
/// One thread at a time; writers of different files are independent. After an error other than `invalid` the writer
/// must be abandoned, and the file removed by its owner.
public final class TableWriter {
  /// Behind a pointer, because a mutable property of a class is guarded by a run-time check on every access. Whoever
  /// holds the writer may add entries through it, without counting references for each.
  let state: UnsafeMutablePointer<TableState>
  private let file: any AppendFile
  private var isClosed = false

  /// Starts a table in `file`, which is empty and which the writer closes. `invalid` and `unsupported` options are
  /// refused before anything is written. With a pool, blocks are compressed on its threads and on this one.
  public init(
    file: any AppendFile, options: TableOptions, pool: CompressionPool? = nil
  ) throws(DatabaseError) {
    try options.validate()
    state = .allocate(capacity: 1)
    state.initialize(to: TableState(file: file, options: options, pool: pool))
    self.file = file
  }

  deinit {
    abandon()
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Adds an entry. Key and value are copied before it returns. `invalid` when the key does not follow the one before.
  @inline(__always)
  public func add(
    internalKey: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    try state.pointee.add(internalKey: internalKey, value: value)
  }

  /// Adds an entry whose internal key is made in place.
  @inline(__always)
  public func add(
    userKey: UnsafeRawBufferPointer, sequence: SequenceNumber, kind: EntryKind, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) {
    try state.pointee.add(userKey: userKey, sequence: sequence, kind: kind.rawValue, value: value)
  }

  /// Adds a tombstone over the user keys `begin` up to but not including `end`. `invalid` unless `begin < end`.
  public func addRangeTombstone(
    begin: [UInt8], end: [UInt8], sequence: SequenceNumber
  ) throws(DatabaseError) {
    try state.pointee.addRangeTombstone(begin: begin, end: end, sequence: sequence)
  }

  public func addRangeTombstone(_ tombstone: RangeTombstone) throws(DatabaseError) {
    try addRangeTombstone(begin: tombstone.begin, end: tombstone.end, sequence: tombstone.sequence)
  }

  /// Whether nothing was added. Such a table cannot be finished.
  public var isEmpty: Bool { state.pointee.isEmpty }

  /// Entries so far, range tombstones included.
  public var entryCount: UInt64 { state.pointee.counts.entries }

  /// About the bytes of the file if it were finished now.
  public var estimatedFileSize: UInt64 { state.pointee.estimatedFileSize }

  /// The last internal key added, empty before the first; valid until the next call.
  public var lastKey: UnsafeRawBufferPointer { state.pointee.lastKeyBytes }

  /// Writes what is left, syncs the file if asked, and closes it. The writer is of no use afterwards.
  public func finish(syncing: Bool = true) throws(DatabaseError) -> TableSummary {
    precondition(!isClosed, "the table is finished already")
    let summary = try state.pointee.finish()
    if syncing, !Mutant.tableNotSynced.isOn {
      do throws(DatabaseError) { try file.sync() } catch { if !Mutant.failedTableSyncIgnored.isOn { throw error } }
    }
    isClosed = true
    try file.close()
    return summary
  }

  /// Closes the file as it is; its owner removes it.
  public func abandon() {
    guard !isClosed else { return }
    isClosed = true
    do throws(DatabaseError) {
      try file.close()
    } catch {
      // The file is about to be removed: whether its last bytes arrived does not matter.
    }
  }
}
