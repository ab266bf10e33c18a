/// Version edits and versions as lines for people: a name, then what it is set to.
struct ManifestLines {
  private let style: DumpStyle

  init(_ style: DumpStyle) { self.style = style }

  /// One line a change, in the order in which changes are applied.
  func edit(_ edit: VersionEdit) -> [String] {
    var lines: [String] = []
    func add(_ name: String, _ value: (some CustomStringConvertible)?) {
      if let value { lines.append("\(name) \(value)") }
    }
    add("database-id", edit.databaseID.map(EscapedText.printable))
    add("add-family", edit.addedFamily.map(EscapedText.printable))
    add("comparator", edit.comparator.map(EscapedText.printable))
    if edit.dropsFamily { lines.append("drop-family") }
    add("log-number", edit.logNumber)
    add("previous-log-number", edit.previousLogNumber)
    add("min-log-number-to-keep", edit.minLogNumberToKeep)
    add("next-file-number", edit.nextFileNumber)
    add("last-sequence", edit.lastSequence)
    add("max-column-family", edit.maxColumnFamily)
    add("remaining-in-atomic-group", edit.remainingInGroup)
    for log in edit.logAdditions { add("log", "\(log.number)\(log.syncedSize.map { ", synced \($0) bytes" } ?? "")") }
    add("logs-gone-below", edit.logDeletion)
    for blob in edit.blobAdditions { lines.append("blob \(self.blob(blob))") }
    for blob in edit.blobGarbage {
      lines.append("blob-garbage \(blob.number): \(blob.count) values, \(blob.bytes) bytes")
    }
    for table in edit.deletedTables { lines.append("delete-table L\(table.level) \(table.number)") }
    for table in edit.newTables { lines.append("add-table \(self.table(table))") }
    for cursor in edit.compactCursors { add("compact-cursor", "L\(cursor.level) \(bound(cursor.key))") }
    add("timestamps-persisted", edit.timestampsPersisted)
    add("full-history-timestamp-low", edit.fullHistoryTimestampLow.map(TextFormat.hex.text))
    add("subcompaction-progress", edit.subcompactionProgress.map { "\($0.count) bytes" })
    add("last-compacted-manifest-size", edit.lastCompactedManifestSize)
    for field in edit.unknownFields { lines.append("unknown-field \(field.tag): \(field.bytes.count) bytes") }
    return lines
  }

  func state(_ version: Version) -> [String] {
    var lines = ["state"]
    lines.append("  next-file-number \(version.nextFileNumber)")
    lines.append("  last-sequence \(version.lastSequence)")
    if version.previousLogNumber != 0 { lines.append("  previous-log-number \(version.previousLogNumber)") }
    if version.minLogNumberToKeep != 0 { lines.append("  min-log-number-to-keep \(version.minLogNumberToKeep)") }
    if let id = version.databaseID { lines.append("  database-id \(EscapedText.printable(id))") }
    for log in version.trackedLogs {
      lines.append("  log \(log.number)\(log.syncedSize.map { ", synced \($0) bytes" } ?? "")")
    }
    for family in version.families {
      let order = family.comparator.map(EscapedText.printable) ?? "not recorded"
      lines.append(
        "family \(family.id) \(EscapedText.printable(family.name)): comparator \(order), "
          + "log-number \(family.logNumber), \(family.tableCount) tables")
      for table in family.tables { lines.append("  \(self.table(table))") }
      for blob in family.blobFiles { lines.append("  blob \(self.blob(blob))") }
    }
    return lines
  }

  func table(_ table: TableMetadata) -> String {
    let sequences = table.hasSequences ? "\(table.smallestSequence)..\(table.largestSequence)" : "unknown"
    var text = "L\(table.level) \(DatabaseFile.table(table.number).name), \(table.size) bytes, seq \(sequences)"
    if style.showsKeys { text += ", \(bound(table.smallest)) .. \(bound(table.largest))" }
    if let epoch = table.epoch { text += ", epoch \(epoch)" }
    if let blob = table.oldestBlobFile { text += ", oldest blob \(blob)" }
    if let path = table.pathID, path != 0 { text += ", path \(path)" }
    if table.isMarkedForCompaction == true { text += ", marked for compaction" }
    if let time = table.creationTime, time != 0 { text += ", created \(UTCTime.text(time))" }
    return text
  }

  func blob(_ blob: BlobFileMetadata) -> String {
    let garbage = blob.garbageCount == 0 ? "" : ", garbage \(blob.garbageCount) values, \(blob.garbageBytes) bytes"
    return "\(DatabaseFile.blob(blob.number).name): \(blob.count) values, \(blob.bytes) bytes\(garbage)"
  }

  /// A bound's user key with its sequence and kind; kinds of bounds need not be kinds of entries.
  private func bound(_ key: InternalKey) -> String {
    if key.isRangeDeletionEnd { return "\(style.keyFormat.shown(key.userKey)) excluded" }
    let kind = EntryKind(rawValue: key.kind)?.name ?? "kind \(key.kind)"
    return "\(style.keyFormat.shown(key.userKey)) @\(key.sequence) \(kind)"
  }
}
