extension Database {
  /// Makes a database at `path`, which must not exist, that holds what this one holds now: a backup that costs no space
  /// while both share their tables, by hard links. Writers wait while what is in memory is flushed. The result may be
  /// opened, copied away, or deleted like any other database.
  ///
  /// `fileSystem` is the one that the database is on.
  public func checkpoint(to path: String, in fileSystem: any FileSystem = PosixFileSystem()) throws(DatabaseError) {
    try engine.whileOpen { () throws(DatabaseError) in try copy(to: path, in: fileSystem) }
  }

  private func copy(to path: String, in fileSystem: any FileSystem) throws(DatabaseError) {
    let version = try engine.pipeline.exclusively { () throws(DatabaseError) -> Version in
      if let failure = engine.state.change({ $0.failure }) { throw failure }
      let all = engine.state.change { $0.families.map(\.live.id) }
      try engine.seal(all)
      try engine.waitForFlush(engine.sealedUntilNow(all))
      return engine.views.load().version
    }
    // Its files stay as long as the version lives.
    defer { withExtendedLifetime(version) {} }
    let partial = try PartialDirectory(path, in: fileSystem, marker: "CHECKPOINT")
    do throws(DatabaseError) {
      for family in version.families {
        for table in family.tables {
          let name = DatabaseFile.table(table.number, .sst).name
          let isThere = try engine.directory.attributes(of: name) != nil
          try link(isThere ? name : DatabaseFile.table(table.number, .ldb).name, partial)
        }
        for blob in family.blobFiles { try link(DatabaseFile.blob(blob.number).name, partial) }
      }
      try write(version, partial.directory)
      try partial.commit()
    } catch {
      partial.discard()
      throw error
    }
    try partial.removeMarker()
  }

  private func link(_ name: String, _ partial: PartialDirectory) throws(DatabaseError) {
    try engine.directory.link(name, into: partial.directory, as: name)
  }

  /// OPTIONS, MANIFEST, CURRENT and IDENTITY; no log is named.
  private func write(_ version: Version, _ directory: any Directory) throws(DatabaseError) {
    let identity = DatabaseIdentity.random()
    let number = version.nextFileNumber
    let copy = Version(
      families: version.families, lastSequence: version.lastSequence, nextFileNumber: number + 2,
      minLogNumberToKeep: version.minLogNumberToKeep, maxColumnFamily: version.maxColumnFamily, databaseID: identity)
    try DatabaseIdentity.write(identity, in: directory)
    try engine.optionsWriter(over: engine.stated.change { $0 }).write(number + 1, in: directory)
    try ManifestWriter.write(copy, as: DatabaseFile.manifest(number).name, in: directory)
    try CurrentFile.replace(directory, manifest: number)
  }
}
