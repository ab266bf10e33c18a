/// Version edits and versions as JSON objects. Members are absent where a record does not have them.
enum ManifestRecords {
  /// `{"record":"edit","file":...,"edit":1,"offset":...,"length":...,"cf_id":...,...}`; the caller ends the line.
  static func edit(
    _ index: Int, _ record: ManifestHistory.Record, file: String, _ style: DumpStyle, into json: inout JSONWriter
  ) {
    let edit = record.edit
    json.beginObject()
    json.field("record", "edit")
    json.field("schema", 1)
    json.field("file", EscapedText.printable(file))
    json.field("edit", index + 1)
    json.field("offset", record.offset)
    json.field("length", record.end - record.offset)
    json.field("cf_id", UInt64(edit.family))
    numbers(of: edit, into: &json)
    if let name = edit.addedFamily { json.field("add_family", EscapedText.printable(name)) }
    if edit.dropsFamily { json.field("drop_family", true) }
    logs(edit.logAdditions, into: &json)
    if let number = edit.logDeletion { json.field("logs_gone_below", number) }
    list("deleted_tables", edit.deletedTables, into: &json) { table, json in
      json.field("level", table.level)
      json.field("number", table.number)
    }
    list("new_tables", edit.newTables, into: &json) { table, json in members(of: table, style, into: &json) }
    list("compact_cursors", edit.compactCursors, into: &json) { cursor, json in
      json.field("level", cursor.level)
      bound("key", cursor.key, style, into: &json)
    }
    list("new_blobs", edit.blobAdditions, into: &json) { blob, json in members(of: blob, into: &json) }
    list("blob_garbage", edit.blobGarbage, into: &json) { garbage, json in
      json.field("number", garbage.number)
      json.field("count", garbage.count)
      json.field("bytes", garbage.bytes)
    }
    list("unknown_fields", edit.unknownFields, into: &json) { field, json in
      json.field("tag", UInt64(field.tag))
      json.field("bytes", field.bytes, as: .hex)
    }
    json.endObject()
  }

  private static func numbers(of edit: VersionEdit, into json: inout JSONWriter) {
    if let id = edit.databaseID { json.field("database_id", EscapedText.printable(id)) }
    if let name = edit.comparator { json.field("comparator", EscapedText.printable(name)) }
    let numbers: [(String, UInt64?)] = [
      ("log_number", edit.logNumber), ("previous_log_number", edit.previousLogNumber),
      ("min_log_number_to_keep", edit.minLogNumberToKeep), ("next_file_number", edit.nextFileNumber),
      ("last_sequence", edit.lastSequence), ("max_column_family", edit.maxColumnFamily.map(UInt64.init)),
      ("remaining_in_group", edit.remainingInGroup.map(UInt64.init)),
      ("last_compacted_manifest_size", edit.lastCompactedManifestSize),
    ]
    for (name, number) in numbers {
      if let number { json.field(name, number) }
    }
    if let flag = edit.timestampsPersisted { json.field("timestamps_persisted", flag) }
    if let low = edit.fullHistoryTimestampLow { json.field("full_history_timestamp_low", low, as: .hex) }
    if let bytes = edit.subcompactionProgress { json.field("subcompaction_progress", bytes, as: .hex) }
  }

  /// `{"record":"state","file":...,"next_file_number":...,"families":[{"id":0,"tables":[...]}]}`.
  static func state(_ version: Version, file: String, _ style: DumpStyle, into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "state")
    json.field("schema", 1)
    json.field("file", EscapedText.printable(file))
    json.field("dialect", version.dialect == .leveldb ? "leveldb" : "rocksdb")
    json.field("next_file_number", version.nextFileNumber)
    json.field("last_sequence", version.lastSequence)
    json.field("previous_log_number", version.previousLogNumber)
    json.field("min_log_number_to_keep", version.minLogNumberToKeep)
    json.field("max_column_family", UInt64(version.maxColumnFamily))
    if let id = version.databaseID { json.field("database_id", EscapedText.printable(id)) }
    logs(version.trackedLogs, into: &json)
    json.key("families")
    json.beginArray()
    for family in version.families {
      json.beginObject()
      json.field("id", UInt64(family.id))
      json.field("name", EscapedText.printable(family.name))
      if let comparator = family.comparator { json.field("comparator", EscapedText.printable(comparator)) }
      json.field("log_number", family.logNumber)
      list("tables", family.tables, into: &json) { table, json in members(of: table, style, into: &json) }
      list("blobs", family.blobFiles, into: &json) { blob, json in members(of: blob, into: &json) }
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }

  private static func logs(_ logs: [VersionEdit.LogAddition], into json: inout JSONWriter) {
    list("logs", logs, into: &json) { log, json in
      json.field("number", log.number)
      if let size = log.syncedSize { json.field("synced_size", size) }
    }
  }

  /// An array of objects; nothing when it is empty.
  private static func list<Element>(
    _ name: String, _ elements: [Element], into json: inout JSONWriter,
    _ members: (Element, inout JSONWriter) -> Void
  ) {
    guard !elements.isEmpty else { return }
    json.key(name)
    json.beginArray()
    for element in elements {
      json.beginObject()
      members(element, &json)
      json.endObject()
    }
    json.endArray()
  }

  static func members(of table: TableMetadata, _ style: DumpStyle, into json: inout JSONWriter) {
    json.field("level", table.level)
    json.field("number", table.number)
    json.field("size", table.size)
    if style.showsKeys {
      bound("smallest", table.smallest, style, into: &json)
      bound("largest", table.largest, style, into: &json)
    }
    if table.hasSequences {
      json.field("seq_from", table.smallestSequence)
      json.field("seq_to", table.largestSequence)
    }
    let numbers: [(String, UInt64?)] = [
      ("epoch", table.epoch), ("oldest_blob", table.oldestBlobFile),
      ("oldest_ancestor_time", table.oldestAncestorTime), ("creation_time", table.creationTime),
      ("tail_size", table.tailSize), ("path_id", table.pathID.map(UInt64.init)),
      ("temperature", table.temperature.map(UInt64.init)),
      ("compensated_range_deletion_size", table.compensatedRangeDeletionSize),
    ]
    for (name, number) in numbers {
      if let number { json.field(name, number) }
    }
    if table.isMarkedForCompaction == true { json.field("marked_for_compaction", true) }
    if !table.timestampsPersisted { json.field("timestamps_persisted", false) }
    if let checksum = table.fileChecksum, !checksum.isEmpty { json.field("file_checksum", checksum, as: .hex) }
    if let name = table.fileChecksumFunction, !name.isEmpty {
      json.field("file_checksum_function", EscapedText.printable(name))
    }
    if let id = table.uniqueID { json.field("unique_id", id, as: .hex) }
  }

  private static func members(of blob: BlobFileMetadata, into json: inout JSONWriter) {
    json.field("number", blob.number)
    json.field("count", blob.count)
    json.field("bytes", blob.bytes)
    json.field("garbage_count", blob.garbageCount)
    json.field("garbage_bytes", blob.garbageBytes)
    if !blob.checksum.isEmpty { json.field("checksum", blob.checksum, as: .hex) }
    if !blob.checksumMethod.isEmpty { json.field("checksum_method", EscapedText.printable(blob.checksumMethod)) }
  }

  private static func bound(_ name: String, _ key: InternalKey, _ style: DumpStyle, into json: inout JSONWriter) {
    json.key(name)
    json.beginObject()
    json.field("key", key.userKey, as: style.keyFormat)
    json.field("seq", key.sequence)
    json.field("kind", Int(key.kind))
    json.endObject()
  }
}
