/// Finds one key everywhere: every version in live tables, in tables that the MANIFEST does not list and in all logs,
/// range deletions over it, what MANIFEST records say about tables that may hold it, and what a reader gets.
///
/// Lines are newest first within a family; what a reader gets comes last.
public struct FindKey {
  private let view: DatabaseView
  /// Without a timestamp.
  private let key: [UInt8]
  private let families: [String]
  private let style: DumpStyle

  /// `families` by name; empty for all.
  public init(_ view: DatabaseView, key: [UInt8], families: [String] = [], style: DumpStyle) {
    self.view = view
    self.key = key
    self.families = families
    self.style = style
  }

  public func run(_ output: any DumpOutput) throws(DatabaseError) -> DumpReport {
    var stream = DumpStream(output, style: style)
    let unlisted = try unlistedTables()
    for family in view.families where families.isEmpty || families.contains(family.name) {
      var found: [FoundKey] = []
      for table in family.tables { try live(table, family, &found, &stream) }
      for target in unlisted { try orphan(target, family, &found, &stream) }
      try logs(family, &found)
      found.sort { ($0.sequence ?? 0) > ($1.sequence ?? 0) }
      found += history(family)
      found.append(try visible(family, &stream))
      for place in found {
        stream.report.entries += 1
        if style.isJSON {
          place.encode(style, into: &stream.json)
          try stream.endLine()
        } else {
          try stream.line(place.text(style))
        }
      }
    }
    try stream.flush()
    return stream.report
  }

  // MARK: Tables

  private func unlistedTables() throws(DatabaseError) -> [FileTarget] {
    guard !view.isLoose else { return [] }
    let listed = Set(view.families.flatMap(\.tables).map(\.number))
    return try FileTarget.files(in: view.directory) { file in
      if case .table(let number, _) = file { !listed.contains(number) } else { false }
    }
  }

  private func live(
    _ metadata: TableMetadata, _ family: DatabaseView.Family, _ found: inout [FoundKey], _ stream: inout DumpStream
  ) throws(DatabaseError) {
    let name = DatabaseFile.table(metadata.number).name
    do throws(DatabaseError) {
      let table = try view.cache.reader(metadata, order: family.order)
      let place = FoundKey(
        family: family.name, file: table.fileName, level: view.isLoose ? nil : metadata.level, state: .live,
        operation: "")
      try search(table, place, family.order, &found, &stream)
    } catch {
      try stream.report(try TableFailure.finding(error, file: name))
    }
  }

  private func orphan(
    _ target: FileTarget, _ family: DatabaseView.Family, _ found: inout [FoundKey], _ stream: inout DumpStream
  ) throws(DatabaseError) {
    do throws(DatabaseError) {
      let table = try TableReader(target.open(), order: family.order)
      guard (table.properties.columnFamilyName ?? "default") == family.name else { return }
      let place = FoundKey(family: family.name, file: target.name, state: .orphan, operation: "")
      try search(table, place, family.order, &found, &stream)
    } catch {
      var finding = try TableFailure.finding(error, file: target.name)
      // What the database does not use does not harm it.
      finding.severity = .info
      try stream.report(finding)
    }
  }

  private func search(
    _ table: TableReader, _ place: FoundKey, _ order: KeyOrder, _ found: inout [FoundKey], _ stream: inout DumpStream
  ) throws(DatabaseError) {
    for tombstone in table.rangeDeletions where covers(tombstone.begin, tombstone.end, order) {
      var row = place
      (row.sequence, row.operation) = (tombstone.sequence, EntryKind.rangeDeletion.name)
      (row.begin, row.value) = (tombstone.begin, tombstone.end)
      found.append(row)
    }
    let before = found.count
    var cursor = table.cursor(readAhead: 0)
    if order.isKnown {
      let stamped = key + [UInt8](repeating: 0xFF, count: order.timestampSize)
      let target = ByteBuffer(InternalKey(userKey: stamped, sequence: .maximum, kind: 0xFF).bytes)
      try cursor.seek(target.bytes)
    } else {
      // Equal bytes are equal keys under every order, but only a scan finds them.
      try cursor.seekToFirst()
    }
    while cursor.isValid {
      let isSame = order.withoutTimestamp(cursor.key.internalKeyUserKey).elementsEqual(key)
      if isSame {
        found.append(version(cursor.key, cursor.value, place))
      } else if order.isKnown {
        break
      }
      try cursor.next()
    }
    guard found.count > before, order.isKnown, order.timestampSize == 0 else { return }
    let wanted = ByteBuffer(key)
    guard try !table.mayContain(wanted.bytes) else { return }
    try stream.report(
      Finding(
        .tableFilterFalseNegative, file: table.fileName, family: place.family, block: .filter,
        detail: "the filter denies a key that the table holds"))
  }

  private func version(
    _ internalKey: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ place: FoundKey
  ) -> FoundKey {
    let rawKind = UInt8(truncatingIfNeeded: internalKey.internalKeyTrailer)
    let kind = EntryKind(rawValue: rawKind)
    var row = place
    row.sequence = internalKey.internalKeyTrailer >> 8
    row.operation = kind?.name ?? "kind-\(rawKind)"
    row.value = kind?.isPointTombstone ?? false ? nil : [UInt8](value)
    return row
  }

  private func covers(_ begin: [UInt8], _ end: [UInt8], _ order: KeyOrder) -> Bool {
    guard order.isKnown else { return false }
    let size = order.timestampSize
    let first = begin.count >= size ? Array(begin.dropLast(size)) : begin
    let behind = end.count >= size ? Array(end.dropLast(size)) : end
    return order.compareUserKeys(first, key) <= 0 && order.compareUserKeys(key, behind) < 0
  }

  // MARK: Logs

  private func logs(_ family: DatabaseView.Family, _ found: inout [FoundKey]) throws(DatabaseError) {
    guard !view.isLoose else { return }
    let replayed = Set(view.logs)
    let firstLog = view.history?.version.family(family.id)?.logNumber ?? 0
    let targets = try FileTarget.files(in: view.directory) { if case .log = $0 { true } else { false } }
    for target in targets {
      let number = target.file.number ?? 0
      let isLive = replayed.contains(number) && (number >= firstLog || view.history?.version.dialect == .leveldb)
      let reader = LogReader(file: try target.open(), number: number, mode: .skipAnyCorrupted)
      while let item = try reader.next() {
        guard case .record(let record) = item else { continue }
        // Damage in logs is told by `dump --wal` and by `verify`; here the key counts.
        do throws(FormatError) {
          var batch = try WriteBatchReader(record.bytes)
          while let operation = try batch.next() {
            guard let kind = operation.entryKind, operation.family == family.id else { continue }
            guard let row = row(operation, kind, family, target.name, record.offset, isLive) else { continue }
            found.append(row)
          }
        } catch {
          continue
        }
      }
    }
  }

  private func row(
    _ operation: WriteOperation, _ kind: EntryKind, _ family: DatabaseView.Family, _ file: String, _ offset: UInt64,
    _ isLive: Bool
  ) -> FoundKey? {
    var row = FoundKey(
      family: family.name, file: file, offset: offset, state: isLive ? .live : .flushed,
      sequence: operation.sequence, operation: kind.name)
    if kind == .rangeDeletion {
      let (begin, end) = ([UInt8](operation.key), [UInt8](operation.value))
      guard covers(begin, end, family.order) else { return nil }
      (row.begin, row.value) = (begin, end)
    } else {
      guard family.order.withoutTimestamp(operation.key).elementsEqual(key) else { return nil }
      if !kind.isPointTombstone { row.value = [UInt8](operation.value) }
    }
    return row
  }

  // MARK: MANIFEST and the result

  /// When tables whose bounds hold the key came and went.
  private func history(_ family: DatabaseView.Family) -> [FoundKey] {
    guard let name = view.history?.name, family.order.isKnown else { return [] }
    let records: [ManifestHistory.Record]
    do throws(DatabaseError) {
      records = try ManifestReader.read(view.directory, name: DatabaseFile.baseName(name), keepingRecords: true).records
    } catch {
      return []
    }
    var rows: [FoundKey] = []
    var concerned: Set<UInt64> = []
    for record in records where record.edit.family == family.id {
      let place = FoundKey(
        family: family.name, file: DatabaseFile.baseName(name), offset: record.offset, state: .history, operation: "")
      for table in record.edit.deletedTables where concerned.contains(table.number) {
        var row = place
        (row.level, row.operation, row.table) = (table.level, "removed", DatabaseFile.table(table.number).name)
        rows.append(row)
      }
      for table in record.edit.newTables where holds(table, family.order) {
        concerned.insert(table.number)
        var row = place
        (row.level, row.operation, row.table) = (table.level, "added", DatabaseFile.table(table.number).name)
        rows.append(row)
      }
    }
    return rows
  }

  private func holds(_ table: TableMetadata, _ order: KeyOrder) -> Bool {
    let bounds = [table.smallest, table.largest].map { bound in
      bound.bytes.withUnsafeBytes { [UInt8](order.withoutTimestamp($0.internalKeyUserKey)) }
    }
    return order.compareUserKeys(bounds[0], key) <= 0 && order.compareUserKeys(key, bounds[1]) <= 0
  }

  private func visible(
    _ family: DatabaseView.Family, _ stream: inout DumpStream
  ) throws(DatabaseError) -> FoundKey {
    var row = FoundKey(family: family.name, state: .visible, operation: "nothing")
    guard family.order.isKnown else {
      row.operation = "unknown-order"
      return row
    }
    let damage = DamageLog()
    var cursor = try view.cursor(family, from: key, damage: damage)
    try cursor.seekToFirst()
    if cursor.isValid, cursor.userKey.elementsEqual(key) {
      row.sequence = cursor.sequence
      switch cursor.content {
      case .value: row.operation = "put"
      case .entity: row.operation = "entity"
      case .operands: row.operation = "merge"
      }
      row.value = [UInt8](cursor.value)
    }
    for gap in damage.gaps { try stream.report(try GapFinding.finding(gap, in: view.directory)) }
    return row
  }
}

extension DatabaseFile {
  /// The last component of a path.
  static func baseName(_ path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
  }
}
