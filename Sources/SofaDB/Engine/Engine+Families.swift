extension Engine {
  /// The family that a call means: `default` unless it names one.
  func live(_ family: LiveFamily?) throws(DatabaseError) -> LiveFamily {
    if let family { return family }
    guard let first = state.change({ $0.families.first?.live }) else {
      throw DatabaseError(.invalid, file: path, "the database has no column family")
    }
    return first
  }

  func createFamily(_ name: String, _ options: FamilyOptions) throws(DatabaseError) -> LiveFamily {
    try pipeline.exclusively { () throws(DatabaseError) in
      let (version, failure) = state.change { ($0.version, $0.failure) }
      if let failure { throw failure }
      guard !name.isEmpty, version.family(named: name) == nil else {
        throw DatabaseError(
          .alreadyExists, file: path, "there is a column family \(EscapedText.printable(name)) already")
      }
      guard let log = pipeline.log, version.maxColumnFamily < .max else {
        throw DatabaseError(.invalid, file: path, "no column family can be made")
      }
      let order = options.order ?? .bytewise
      guard order.isKnown else { throw DatabaseError(.unsupported, "unknown key order \(order.name)") }
      let family = LiveFamily(id: version.maxColumnFamily + 1, name: name, order: order, options: options)
      var edit = VersionEdit(family: family.id)
      edit.addedFamily = name
      edit.comparator = order.name
      edit.logNumber = log.number
      edit.maxColumnFamily = family.id
      try install([edit]) { state in
        state.families.append(
          EngineState.Family(
            live: family,
            active: EngineState.Buffer(memtable: Memtable(order: order), logNumber: log.number),
            map: LevelMap([], order: order, cache: cache)))
      }
      retarget()
      return family
    }
  }

  func dropFamily(_ family: LiveFamily) throws(DatabaseError) {
    guard family.id != 0 else { throw DatabaseError(.invalid, "the column family default cannot be dropped") }
    try holdingAll(family) { () throws(DatabaseError) in
      // No flush of it begins any more, and the one that runs ends.
      func mark(_ isDropped: Bool) {
        state.change { state in
          if let index = state.index(of: family.id) { state.families[index].isDropped = isDropped }
        }
      }
      mark(true)
      // Where it is still there.
      defer { mark(false) }
      state.wait({ state in
        state.failure != nil || !(state.index(of: family.id).map { state.families[$0].isFlushing } ?? false)
      }) { _ in }
      let (exists, failure) = state.change { ($0.index(of: family.id) != nil, $0.failure) }
      if let failure { throw failure }
      guard exists else { throw DatabaseError(.invalid, file: path, "the column family was dropped before") }
      var edit = VersionEdit(family: family.id)
      edit.dropsFamily = true
      try install([edit]) { state in state.families.removeAll { $0.live.id == family.id } }
      retarget()
    }
    collectGarbage()
  }

  /// After a change of the families; for whoever leads the pipeline.
  func retarget() {
    pipeline.targets = state.change { $0.targets }
    if options.maxLogBytes == nil {
      logLimit = state.change { $0.families.reduce(0) { $0 + 4 * UInt64($1.live.options.writeBufferBytes) } }
    }
  }
}
