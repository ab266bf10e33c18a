/// Reads keys of views: what the tables are opened with, and how sources are put together. Any thread.
struct ViewReader: Sendable {
  /// Of the database, for messages.
  let path: String
  let cache: TableCache
  let blobs: BlobStore

  func family(_ live: LiveFamily?, in view: ReadView) throws(DatabaseError) -> ReadView.Family {
    guard let family = view.family(live?.id ?? 0) else {
      throw DatabaseError(.invalid, file: path, "column family \(live?.name ?? "default") was dropped")
    }
    return family
  }

  /// What a reader sees of `userKey`, which is borrowed until the value has been used; so is the view.
  func lookup(
    _ userKey: UnsafeRawBufferPointer, in live: LiveFamily?, of view: ReadView, at sequence: SequenceNumber
  ) throws(DatabaseError) -> PointLookup {
    let family = try family(live, in: view)
    var lookup = PointLookup(
      userKey: userKey, snapshot: sequence, order: family.live.order, mergeOperator: family.live.options.mergeOperator,
      blobs: blobs)
    try family.look(&lookup)
    return lookup
  }

  /// The sequence number of the newest operation on a key, deletions included; 0 when there is none.
  func newestSequence(
    of userKey: [UInt8], in live: LiveFamily?, of view: ReadView
  ) throws(DatabaseError) -> SequenceNumber {
    defer { withExtendedLifetime(view) {} }
    let family = try family(live, in: view)
    return try userKey.withUnsafeBufferPointer { (key) throws(DatabaseError) in
      var newest = NewestSequence(of: UnsafeRawBufferPointer(key), order: family.live.order)
      for memtable in family.memtables where newest.look(in: memtable) { return newest.sequence }
      try newest.look(in: family.map)
      return newest.sequence
    }
  }

  /// Everything that holds keys from `from` up to but not including `to`, newest first.
  /// `prefix`: what all wanted keys begin with; tables whose filters know none of them are left out. `emptyToo`: also
  /// memtables that have no entries yet.
  private func sources(
    _ family: ReadView.Family, from: [UInt8]?, to: [UInt8]?, prefix: [UInt8]?, emptyToo: Bool
  ) throws(DatabaseError) -> [EntrySource] {
    let order = family.live.order
    var sources: [EntrySource] = []
    for memtable in family.memtables where emptyToo || !memtable.isEmpty { sources.append(EntrySource(memtable)) }
    for (number, level) in family.tables.levels.enumerated() where !level.isEmpty {
      var tables =
        from == nil && to == nil ? level : level.filter { $0.overlaps(from: from, to: to, order: order) }
      if let prefix { tables = try tables.having(prefix, cache, order) }
      for run in number == 0 ? tables.map({ [$0] }) : tables.isEmpty ? [] : [tables] {
        sources.append(EntrySource(TableRun(run, cache: cache, order: order, damage: nil), order: order))
      }
    }
    return sources
  }

  private func tombstones(_ family: ReadView.Family) throws(DatabaseError) -> [RangeTombstone] {
    var tombstones = try family.tombstones.all(of: family.tables, cache: cache)
    for memtable in family.memtables where memtable.rangeDeletionCount > 0 {
      tombstones += memtable.rangeTombstones
    }
    return tombstones
  }

  /// A cursor over a family, not positioned yet.
  func cursor(
    in live: LiveFamily?, of view: ReadView, at sequence: SequenceNumber, holding snapshot: Snapshot? = nil,
    from: [UInt8]?, to: [UInt8]?, prefix: [UInt8]? = nil
  ) throws(DatabaseError) -> Cursor {
    let family = try family(live, in: view)
    let order = family.live.order
    let inputs: MergeInputs
    let spares = from == nil && to == nil && prefix == nil ? family.spareInputs : nil
    if let spare = spares?.take() {
      inputs = spare
    } else {
      inputs = MergeInputs(
        try sources(family, from: from, to: to, prefix: prefix, emptyToo: spares != nil), order: order, lower: from,
        upper: to)
    }
    let visible = VisibleCursor(
      MergingCursor(inputs, order: order, upper: to, spares: spares), order: order, snapshot: sequence,
      tombstones: RangeTombstones(try tombstones(family), order: order, snapshot: sequence),
      mergeOperator: family.live.options.mergeOperator, blobs: blobs, start: from, end: to)
    return Cursor(visible, view: view, snapshot: snapshot)
  }
}

extension [TableMetadata] {
  /// Those whose filters do not rule out that they have keys with the prefix.
  fileprivate func having(
    _ prefix: [UInt8], _ cache: TableCache, _ order: KeyOrder
  ) throws(DatabaseError) -> [TableMetadata] {
    var found: [TableMetadata] = []
    for table in self {
      let filter = try cache.reader(table, order: order).filter()
      if filter.map({ filter in prefix.withUnsafeBytes { filter.mayContain(keysWith: $0) } }) ?? true {
        found.append(table)
      }
    }
    return found
  }
}
