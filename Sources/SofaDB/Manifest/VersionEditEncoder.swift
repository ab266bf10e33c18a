/// Encodes version edits in the order that RocksDB writes, which is LevelDB's for the tags that LevelDB knows.
struct VersionEditEncoder {
  let dialect: ManifestDialect

  func encode(_ edit: VersionEdit, into writer: inout ByteWriter) {
    scalars(edit, &writer)
    for cursor in edit.compactCursors {
      writer.appendVarint(VersionEditTag.compactCursor)
      writer.appendVarint(cursor.level)
      writer.appendSlice(cursor.key.bytes)
    }
    for table in edit.deletedTables {
      writer.appendVarint(VersionEditTag.deletedFile)
      writer.appendVarint(table.level)
      writer.appendVarint(table.number)
    }
    for table in edit.newTables { self.table(table, &writer) }
    guard dialect == .rocksdb else { return }
    blobs(edit, &writer)
    logs(edit, &writer)
    families(edit, &writer)
    for field in edit.unknownFields {
      writer.appendVarint(field.tag)
      writer.appendSlice(field.bytes)
    }
  }

  private func scalars(_ edit: VersionEdit, _ writer: inout ByteWriter) {
    if dialect == .rocksdb, let id = edit.databaseID {
      writer.appendVarint(VersionEditTag.databaseID)
      writer.appendSlice(utf8: id)
    }
    if let comparator = edit.comparator {
      writer.appendVarint(VersionEditTag.comparator)
      writer.appendSlice(utf8: comparator)
    }
    number(VersionEditTag.logNumber, edit.logNumber, &writer)
    number(VersionEditTag.previousLogNumber, edit.previousLogNumber, &writer)
    number(VersionEditTag.nextFileNumber, edit.nextFileNumber, &writer)
    if dialect == .rocksdb {
      number(VersionEditTag.maxColumnFamily, edit.maxColumnFamily.map(UInt64.init), &writer)
      number(VersionEditTag.minLogNumberToKeep, edit.minLogNumberToKeep, &writer)
    }
    number(VersionEditTag.lastSequence, edit.lastSequence, &writer)
  }

  private func number(_ tag: UInt32, _ value: UInt64?, _ writer: inout ByteWriter) {
    guard let value else { return }
    writer.appendVarint(tag)
    writer.appendVarint(value)
  }

  private func blobs(_ edit: VersionEdit, _ writer: inout ByteWriter) {
    for blob in edit.blobAdditions {
      writer.appendVarint(VersionEditTag.blobAddition)
      writer.appendVarint(blob.number)
      writer.appendVarint(blob.count)
      writer.appendVarint(blob.bytes)
      writer.appendSlice(utf8: blob.checksumMethod)
      writer.appendSlice(blob.checksum)
      writer.appendVarint(VersionEditTag.Blob.end)
    }
    for garbage in edit.blobGarbage {
      writer.appendVarint(VersionEditTag.blobGarbage)
      writer.appendVarint(garbage.number)
      writer.appendVarint(garbage.count)
      writer.appendVarint(garbage.bytes)
      writer.appendVarint(VersionEditTag.Blob.end)
    }
  }

  private func logs(_ edit: VersionEdit, _ writer: inout ByteWriter) {
    var inner = ByteWriter(capacity: 32)
    for log in edit.logAdditions {
      inner.removeAll()
      inner.appendVarint(log.number)
      if let size = log.syncedSize {
        inner.appendVarint(VersionEditTag.Log.syncedSize)
        inner.appendVarint(size)
      }
      inner.appendVarint(VersionEditTag.Log.end)
      writer.appendVarint(VersionEditTag.logAddition)
      writer.appendSlice(inner.bytes)
    }
    if let number = edit.logDeletion { varintField(VersionEditTag.logDeletion, number, &writer) }
  }

  private func families(_ edit: VersionEdit, _ writer: inout ByteWriter) {
    if edit.family != 0 { number(VersionEditTag.family, UInt64(edit.family), &writer) }
    if let name = edit.addedFamily {
      writer.appendVarint(VersionEditTag.familyAdd)
      writer.appendSlice(utf8: name)
    }
    if edit.dropsFamily { writer.appendVarint(VersionEditTag.familyDrop) }
    number(VersionEditTag.atomicGroup, edit.remainingInGroup.map(UInt64.init), &writer)
    bytesField(VersionEditTag.fullHistoryTimestampLow, edit.fullHistoryTimestampLow, &writer)
    bytesField(VersionEditTag.timestampsPersisted, edit.timestampsPersisted.map { [$0 ? 1 : 0] }, &writer)
    bytesField(VersionEditTag.subcompactionProgress, edit.subcompactionProgress, &writer)
    varintField(VersionEditTag.lastCompactedManifestSize, edit.lastCompactedManifestSize, &writer)
  }

  private func table(_ table: TableMetadata, _ writer: inout ByteWriter) {
    writer.appendVarint(dialect == .leveldb ? VersionEditTag.newFile : VersionEditTag.newFile4)
    writer.appendVarint(table.level)
    writer.appendVarint(table.number)
    writer.appendVarint(table.size)
    writer.appendSlice(table.stored(table.smallest).bytes)
    writer.appendSlice(table.stored(table.largest).bytes)
    guard dialect == .rocksdb else { return }
    writer.appendVarint(table.smallestSequence)
    writer.appendVarint(table.largestSequence)
    tableFields(table, &writer)
    writer.appendVarint(VersionEditTag.File.terminate)
  }

  private func tableFields(_ table: TableMetadata, _ writer: inout ByteWriter) {
    typealias Field = VersionEditTag.File
    varintField(Field.oldestAncestorTime, table.oldestAncestorTime, &writer)
    varintField(Field.creationTime, table.creationTime, &writer)
    varintField(Field.epoch, table.epoch, &writer)
    bytesField(Field.checksum, table.fileChecksum, &writer)
    bytesField(Field.checksumFunction, table.fileChecksumFunction.map { Array($0.utf8) }, &writer)
    bytesField(Field.pathID, table.pathID.map { [$0] }, &writer)
    bytesField(Field.temperature, table.temperature.map { [$0] }, &writer)
    bytesField(Field.needCompaction, table.isMarkedForCompaction.map { [$0 ? 1 : 0] }, &writer)
    varintField(Field.oldestBlobFile, table.oldestBlobFile, &writer)
    bytesField(Field.uniqueID, table.uniqueID, &writer)
    varintField(Field.compensatedRangeDeletionSize, table.compensatedRangeDeletionSize, &writer)
    varintField(Field.tailSize, table.tailSize, &writer)
    if !table.timestampsPersisted { bytesField(Field.timestampsPersisted, [0], &writer) }
    bytesField(Field.openMetadata, table.openMetadata, &writer)
    bytesField(Field.minTimestamp, table.minTimestamp, &writer)
    bytesField(Field.maxTimestamp, table.maxTimestamp, &writer)
    for field in table.unknownFields { bytesField(field.tag, field.bytes, &writer) }
  }

  private func bytesField(_ tag: UInt32, _ bytes: [UInt8]?, _ writer: inout ByteWriter) {
    guard let bytes else { return }
    writer.appendVarint(tag)
    writer.appendSlice(bytes)
  }

  /// A tag, and a slice that holds one varint.
  private func varintField(_ tag: UInt32, _ value: UInt64?, _ writer: inout ByteWriter) {
    guard let value else { return }
    writer.appendVarint(tag)
    writer.appendVarint(Varint.length(value))
    writer.appendVarint(value)
  }
}

extension VersionEdit {
  /// Appends the record's bytes. LevelDB's dialect leaves out what LevelDB does not know.
  public func encode(into writer: inout ByteWriter, as dialect: ManifestDialect = .rocksdb) {
    VersionEditEncoder(dialect: dialect).encode(self, into: &writer)
  }
}
