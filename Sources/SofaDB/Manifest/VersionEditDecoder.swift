/// Decodes one version edit. Every number is checked against the range that its use has, so that later arithmetic
/// cannot overflow; offsets in errors count from the start of the record.
struct VersionEditDecoder {
  /// The tag that was decoded last, for messages.
  private(set) var tag: UInt32?

  private var reader: ByteReader
  private var edit = VersionEdit()

  init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

  mutating func decode() throws(FormatError) -> VersionEdit {
    while !reader.isAtEnd {
      let start = reader.position
      let tag = try reader.varint32()
      self.tag = tag
      if !VersionEditTag.isLevelDB(tag) { edit.usesRocksDBTags = true }
      if try takeScalar(tag) { continue }
      if try takeFiles(tag) { continue }
      if try takeExtension(tag) { continue }
      guard tag & VersionEditTag.ignorableBit != 0 else {
        throw FormatError("unknown version edit tag that must be understood", at: start)
      }
      edit.unknownFields.append(VersionEdit.UnknownField(tag: tag, bytes: try reader.sliceArray()))
    }
    return edit
  }

  private mutating func takeScalar(_ tag: UInt32) throws(FormatError) -> Bool {
    switch tag {
    case VersionEditTag.comparator: edit.comparator = try text()
    case VersionEditTag.logNumber: edit.logNumber = try fileNumber()
    case VersionEditTag.previousLogNumber: edit.previousLogNumber = try fileNumber()
    case VersionEditTag.nextFileNumber: edit.nextFileNumber = try fileNumber()
    case VersionEditTag.lastSequence: edit.lastSequence = try sequence()
    case VersionEditTag.minLogNumberToKeep: keepLogs(from: try fileNumber())
    case VersionEditTag.family: edit.family = try reader.varint32()
    case VersionEditTag.familyAdd: edit.addedFamily = try text()
    case VersionEditTag.familyDrop: edit.dropsFamily = true
    case VersionEditTag.maxColumnFamily: edit.maxColumnFamily = try reader.varint32()
    case VersionEditTag.atomicGroup: edit.remainingInGroup = try reader.varint32()
    default: return false
    }
    return true
  }

  private mutating func takeFiles(_ tag: UInt32) throws(FormatError) -> Bool {
    switch tag {
    case VersionEditTag.compactCursor:
      let level = try level()
      edit.compactCursors.append(VersionEdit.CompactCursor(level: level, key: try internalKey()))
    case VersionEditTag.deletedFile:
      let level = try level()
      edit.deletedTables.append(VersionEdit.DeletedTable(level: level, number: try fileNumber()))
    case VersionEditTag.newFile, VersionEditTag.newFile2, VersionEditTag.newFile3, VersionEditTag.newFile4:
      edit.newTables.append(try table(tag))
    case VersionEditTag.blobAddition, VersionEditTag.oldBlobAddition:
      let number = try fileNumber()
      let count = try size()
      let bytes = try size()
      let method = try text()
      edit.blobAdditions.append(
        BlobFileMetadata(
          number: number, count: count, bytes: bytes, checksumMethod: method, checksum: try reader.sliceArray()))
      try skipBlobFields()
    case VersionEditTag.blobGarbage, VersionEditTag.oldBlobGarbage:
      let number = try fileNumber()
      let count = try size()
      edit.blobGarbage.append(VersionEdit.BlobGarbage(number: number, count: count, bytes: try size()))
      try skipBlobFields()
    default: return false
    }
    return true
  }

  private mutating func takeExtension(_ tag: UInt32) throws(FormatError) -> Bool {
    switch tag {
    case VersionEditTag.databaseID: edit.databaseID = try text()
    case VersionEditTag.oldLogAddition: edit.logAdditions.append(try VersionEditDecoder.logAddition(&reader))
    case VersionEditTag.oldLogDeletion: edit.logDeletion = try fileNumber()
    case VersionEditTag.logAddition:
      var inner = ByteReader(try reader.slice())
      edit.logAdditions.append(try VersionEditDecoder.logAddition(&inner))
    case VersionEditTag.logDeletion:
      var inner = ByteReader(try reader.slice())
      edit.logDeletion = try VersionEditDecoder.fileNumber(&inner)
    case VersionEditTag.fullHistoryTimestampLow:
      let bytes = try reader.sliceArray()
      guard !bytes.isEmpty else { throw FormatError("empty timestamp", at: reader.position) }
      edit.fullHistoryTimestampLow = bytes
    case VersionEditTag.timestampsPersisted: edit.timestampsPersisted = try singleByte() == 1
    case VersionEditTag.subcompactionProgress: edit.subcompactionProgress = try reader.sliceArray()
    case VersionEditTag.lastCompactedManifestSize:
      var inner = ByteReader(try reader.slice())
      edit.lastCompactedManifestSize = try inner.varint64()
    default: return false
    }
    return true
  }

  private mutating func keepLogs(from number: UInt64) {
    edit.minLogNumberToKeep = max(edit.minLogNumberToKeep ?? 0, number)
  }

  private static func logAddition(_ source: inout ByteReader) throws(FormatError) -> VersionEdit.LogAddition {
    var log = VersionEdit.LogAddition(number: try fileNumber(&source))
    while true {
      let start = source.position
      switch try source.varint32() {
      case VersionEditTag.Log.end: return log
      case VersionEditTag.Log.syncedSize: log.syncedSize = try source.varint64()
      default: throw FormatError("unknown field of a WAL record", at: start)
      }
    }
  }

  private mutating func skipBlobFields() throws(FormatError) {
    while true {
      let start = reader.position
      let field = try reader.varint32()
      if field == VersionEditTag.Blob.end { return }
      guard field & VersionEditTag.Blob.fatalBit == 0 else {
        throw FormatError("unknown blob file field that must be understood", at: start)
      }
      _ = try reader.slice()
    }
  }
}

// MARK: Tables

extension VersionEditDecoder {
  private mutating func table(_ tag: UInt32) throws(FormatError) -> TableMetadata {
    let level = try level()
    let number = try fileNumber()
    var pathID: UInt8?
    if tag == VersionEditTag.newFile3 {
      let start = reader.position
      let path = try reader.varint32()
      guard path <= 3 else { throw FormatError("path id out of range", at: start) }
      pathID = UInt8(path)
    }
    let size = try size()
    let smallest = try internalKey()
    let largest = try internalKey()
    var table = TableMetadata(
      number: number, level: level, size: size, smallest: smallest, largest: largest,
      smallestSequence: TableMetadata.unknownSequence, largestSequence: 0)
    table.pathID = pathID
    if tag != VersionEditTag.newFile {
      table.smallestSequence = try sequence()
      table.largestSequence = try sequence()
    }
    if tag == VersionEditTag.newFile4 { try takeTableFields(&table) }
    return table
  }

  private mutating func takeTableFields(_ table: inout TableMetadata) throws(FormatError) {
    typealias Field = VersionEditTag.File
    while true {
      let start = reader.position
      let field = try reader.varint32()
      switch field {
      case Field.terminate: return
      case Field.needCompaction: table.isMarkedForCompaction = try singleByte() == 1
      case Field.minLogNumberToKeep:
        var inner = ByteReader(try reader.slice())
        let number = try inner.fixed64()
        guard number <= VersionEdit.largestFileNumber else { throw FormatError("log number out of range", at: start) }
        keepLogs(from: number)
      case Field.oldestBlobFile:
        var inner = ByteReader(try reader.slice())
        table.oldestBlobFile = try VersionEditDecoder.fileNumber(&inner)
      case Field.oldestAncestorTime: table.oldestAncestorTime = try varintField()
      case Field.creationTime: table.creationTime = try varintField()
      case Field.checksum: table.fileChecksum = try reader.sliceArray()
      case Field.checksumFunction: table.fileChecksumFunction = try text()
      case Field.temperature: table.temperature = try singleByte()
      case Field.minTimestamp: table.minTimestamp = try reader.sliceArray()
      case Field.maxTimestamp: table.maxTimestamp = try reader.sliceArray()
      case Field.uniqueID:
        table.uniqueID = try reader.sliceArray()
        guard table.uniqueID?.count == 16 else { throw FormatError("unique id is not 16 bytes long", at: start) }
      case Field.epoch: table.epoch = try varintField()
      case Field.compensatedRangeDeletionSize: table.compensatedRangeDeletionSize = try varintField()
      case Field.tailSize: table.tailSize = try varintField()
      case Field.timestampsPersisted: table.timestampsPersisted = try singleByte() == 1
      case Field.openMetadata: table.openMetadata = try reader.sliceArray()
      case Field.pathID:
        table.pathID = try singleByte()
        guard table.pathID! <= 3 else { throw FormatError("path id out of range", at: start) }
      default:
        guard field & Field.fatalBit == 0 else {
          throw FormatError("unknown table field that must be understood", at: start)
        }
        table.unknownFields.append(VersionEdit.UnknownField(tag: field, bytes: try reader.sliceArray()))
      }
    }
  }
}

// MARK: Values

extension VersionEditDecoder {
  private static func fileNumber(_ reader: inout ByteReader) throws(FormatError) -> UInt64 {
    let start = reader.position
    let number = try reader.varint64()
    guard number <= VersionEdit.largestFileNumber else { throw FormatError("file number out of range", at: start) }
    return number
  }

  private mutating func fileNumber() throws(FormatError) -> UInt64 { try VersionEditDecoder.fileNumber(&reader) }

  /// Bytes or a count; what no file can have is refused.
  private mutating func size() throws(FormatError) -> UInt64 {
    let start = reader.position
    let size = try reader.varint64()
    guard size <= UInt64(Int64.max) else { throw FormatError("size out of range", at: start) }
    return size
  }

  private mutating func sequence() throws(FormatError) -> SequenceNumber {
    let start = reader.position
    let sequence = try reader.varint64()
    guard sequence <= SequenceNumber.maximum else { throw FormatError("sequence number out of range", at: start) }
    return sequence
  }

  private mutating func level() throws(FormatError) -> Int {
    let start = reader.position
    let level = try reader.varint32()
    guard level < VersionEdit.levelLimit else { throw FormatError("level out of range", at: start) }
    return Int(level)
  }

  private mutating func internalKey() throws(FormatError) -> InternalKey {
    let start = reader.position
    let bytes = try reader.slice()
    guard bytes.count >= 8 else { throw FormatError("internal key shorter than 8 bytes", at: start) }
    return try InternalKey(bytes: [UInt8](bytes))
  }

  /// Names are kept as strings; other bytes could not be written back as they were.
  private mutating func text() throws(FormatError) -> String {
    let start = reader.position
    guard let text = String(validating: try reader.slice(), as: UTF8.self) else {
      throw FormatError("name is not UTF-8", at: start)
    }
    return text
  }

  private mutating func singleByte() throws(FormatError) -> UInt8 {
    let start = reader.position
    let bytes = try reader.slice()
    guard bytes.count == 1 else { throw FormatError("field is not one byte long", at: start) }
    return bytes[0]
  }

  private mutating func varintField() throws(FormatError) -> UInt64 {
    var inner = ByteReader(try reader.slice())
    return try inner.varint64()
  }
}
