internal import Synchronization

extension Database {
  /// Adds finished tables to a column family of the open database, all at once and durably: what `Ingest` does to a
  /// database that nobody has open. `ingest.family` names the family; nil for `default`.
  ///
  /// Tables whose keys overlap nothing go to the deepest level that has room for them, unread by anybody else. The
  /// others become newer than all that was written before; what of that is still in memory is flushed first. Snapshots
  /// do not see them. `sources` opens the directories of the sources for linking and moving.
  public func ingest(_ ingest: Ingest, sources: any FileSystem = PosixFileSystem()) throws(DatabaseError) {
    try engine.requireOpen()
    guard !ingest.goesBehind else {
      throw DatabaseError(.unsupported, file: path, "tables are put behind existing data only while nobody has it open")
    }
    let name = ingest.family ?? "default"
    guard let family = family(named: name) else {
      throw DatabaseError(.invalid, file: path, "there is no column family \(EscapedText.printable(name))")
    }
    try engine.whileOpen { () throws(DatabaseError) in
      try LiveIngest(ingest, engine: engine, family: family, sources: sources).run()
    }
  }
}

/// One ingestion into an open database.
private struct LiveIngest {
  private let ingest: Ingest
  private let engine: Engine
  private let family: LiveFamily
  private let fileSystem: any FileSystem

  init(_ ingest: Ingest, engine: Engine, family: LiveFamily, sources: any FileSystem) {
    self.ingest = ingest
    self.engine = engine
    self.family = family
    fileSystem = sources
  }

  func run() throws(DatabaseError) {
    guard let tables = engine.views.load().version.family(family.id) else {
      throw DatabaseError(.invalid, file: engine.path, "the column family was dropped")
    }
    var sources: [IngestSource] = []
    for target in ingest.tables {
      if ingest.isCancelled() { throw DatabaseError(.cancelled, "interrupted") }
      sources.append(try IngestSource(target, into: tables))
    }
    if sources.isEmpty { return }
    var numbers: [UInt64] = []
    do throws(DatabaseError) {
      let total = sources.reduce(UInt64(0)) { $0 &+ $1.size }
      var done: UInt64 = 0
      for source in sources {
        let number = engine.versions.takeFileNumber()
        engine.state.change { _ = $0.pendingFiles.insert(number) }
        numbers.append(number)
        try ingest.bring(
          source, as: DatabaseFile.table(number).name, into: engine.directory, fileSystem, &done, total)
      }
      try engine.directory.sync()
      try engine.holdingAll(family) { () throws(DatabaseError) in try place(sources, numbers) }
    } catch {
      // What was brought is garbage now, unless the MANIFEST may name it.
      engine.forget(numbers)
      engine.collectGarbage()
      throw error
    }
    engine.forget(numbers)
    engine.report(.ingested(family: family.name, tables: sources.count))
    if ingest.mode == .move { try ingest.removeSources(sources, fileSystem) }
  }

  /// Nobody writes, and nobody compacts.
  private func place(_ sources: [IngestSource], _ numbers: [UInt64]) throws(DatabaseError) {
    if let failure = engine.state.change({ $0.failure }) { throw failure }
    if memtablesOverlap(sources) {
      try engine.seal([family.id])
      try engine.waitForFlush(engine.sealedUntilNow([family.id]))
    }
    guard let tables = engine.views.load().version.family(family.id) else {
      throw DatabaseError(.invalid, file: engine.path, "the column family was dropped")
    }
    var placement = IngestFamily(tables, view: nil, levelCount: tables.levels.count)
    var edit = VersionEdit(family: family.id)
    var last = engine.pipeline.visible.load(ordering: .acquiring)
    for (source, number) in zip(sources, numbers) {
      var sequence: SequenceNumber = 0
      // A snapshot may be taken at any moment, and must not see what comes after it. So each gets a number that can.
      if source.takesSequence || !placement.overlappingLevels(source).isEmpty {
        guard source.takesSequence else {
          throw DatabaseError(
            .unsupported, file: source.target.path, "only external tables can be given a sequence number")
        }
        sequence = Mutant.ingestedUnderSnapshots.isOn ? last : engine.pipeline.takeSequence()
        last = sequence
      }
      var table = placement.place(source, number: number, sequence: sequence)
      // Given when it is installed: a flush may end before.
      table.epoch = nil
      edit.newTables.append(table)
    }
    let install = { [last, edit, engine] () throws(DatabaseError) in
      try engine.install([edit], lastSequence: last) { _ in }
    }
    if sources.allSatisfy(\.takesSequence) {
      try install()
    } else if try !engine.snapshots.whileNone(install) {
      throw DatabaseError(
        .unsupported, file: engine.path, "only external tables can be added while there are snapshots")
    }
    engine.pipeline.publish()
  }

  private func memtablesOverlap(_ sources: [IngestSource]) -> Bool {
    guard let view = engine.views.load().family(family.id) else { return false }
    return view.memtables.contains { memtable in
      sources.contains { overlaps(memtable, $0) }
    }
  }

  private func overlaps(_ memtable: Memtable, _ source: IngestSource) -> Bool {
    // Range deletions may reach anywhere.
    if memtable.rangeDeletionCount > 0 { return true }
    var cursor = memtable.cursor()
    let start = InternalKey(
      userKey: source.smallest.userKey, sequence: .maximum, kind: EntryKind.seek)
    start.bytes.withUnsafeBytes { cursor.seek($0) }
    guard cursor.isValid else { return false }
    return source.largest.userKey.withUnsafeBytes { last in
      family.order.compareWithoutTimestamp(
        family.order.withoutTimestamp(cursor.key.internalKeyUserKey), family.order.withoutTimestamp(last)) <= 0
    }
  }
}
