/// One column family while edits are applied to it. An edit is checked whole before anything of it is taken over.
struct FamilyBuilder: Sendable {
  fileprivate struct Placed: Sendable {
    var table: TableMetadata
    /// Order of arrival, which is all there is under an unknown comparator.
    var serial: Int
  }

  let id: UInt32
  let name: String
  private(set) var comparator: String?
  private(set) var logNumber: UInt64
  private var placed: [UInt64: Placed] = [:]
  private var serial = 0
  private var blobFiles: [UInt64: BlobFileMetadata]
  private var cursors: [Int: InternalKey] = [:]
  private var timestampsPersisted: Bool?
  private var fullHistoryTimestampLow: [UInt8]?
  /// The family as it was; nil once something has changed.
  private var unchanged: ColumnFamily?

  init(id: UInt32, name: String) {
    self.id = id
    self.name = name
    logNumber = 0
    blobFiles = [:]
  }

  init(_ family: ColumnFamily) {
    id = family.id
    name = family.name
    comparator = family.comparator
    logNumber = family.logNumber
    blobFiles = Dictionary(family.blobFiles.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
    cursors = Dictionary(family.compactCursors.map { ($0.level, $0.key) }, uniquingKeysWith: { $1 })
    timestampsPersisted = family.timestampsPersisted
    fullHistoryTimestampLow = family.fullHistoryTimestampLow
    unchanged = family
  }

  func build() -> ColumnFamily {
    if let unchanged { return unchanged }
    return ColumnFamily(
      id: id, name: name, comparator: comparator, logNumber: logNumber,
      tables: placed.values.sorted { $0.serial < $1.serial }.map(\.table), blobFiles: Array(blobFiles.values),
      compactCursors: cursors.map { VersionEdit.CompactCursor(level: $0.key, key: $0.value) },
      timestampsPersisted: timestampsPersisted, fullHistoryTimestampLow: fullHistoryTimestampLow)
  }

  /// Applies what an edit says about the family, or throws without having changed anything.
  mutating func apply(_ edit: VersionEdit) throws(DatabaseError) {
    guard FamilyBuilder.concernsFamily(edit) else { return }
    unpack()
    try check(edit)
    if let name = edit.comparator { comparator = name }
    if let number = edit.logNumber { logNumber = max(logNumber, number) }
    if let flag = edit.timestampsPersisted { timestampsPersisted = flag }
    if let low = edit.fullHistoryTimestampLow { fullHistoryTimestampLow = low }
    for cursor in edit.compactCursors { cursors[cursor.level] = cursor.key }
    for blob in edit.blobAdditions { blobFiles[blob.number] = blob }
    for garbage in edit.blobGarbage {
      blobFiles[garbage.number]?.garbageCount += garbage.count
      blobFiles[garbage.number]?.garbageBytes += garbage.bytes
    }
    for deleted in edit.deletedTables { placed[deleted.number] = nil }
    let timestampSize = comparator.map { KeyOrder(name: $0).timestampSize } ?? 0
    for table in edit.newTables {
      var table = table
      table.restoreTimestamps(size: timestampSize)
      placed[table.number] = Placed(table: table, serial: serial)
      serial += 1
    }
  }

  /// What it takes to undo edits: everything but the tables that they leave alone.
  struct Checkpoint {
    fileprivate var family: FamilyBuilder
    fileprivate var tables: [UInt64: Placed?]
  }

  func checkpoint(before edits: [VersionEdit]) -> Checkpoint {
    var checkpoint = Checkpoint(family: self, tables: [:])
    checkpoint.family.placed = [:]
    for edit in edits where edit.family == id {
      for number in edit.deletedTables.map(\.number) + edit.newTables.map(\.number) {
        checkpoint.tables[number] = .some(placed[number])
      }
    }
    return checkpoint
  }

  mutating func restore(_ checkpoint: Checkpoint) {
    var tables: [UInt64: Placed] = [:]
    swap(&tables, &placed)
    self = checkpoint.family
    guard unchanged == nil else { return }
    for (number, table) in checkpoint.tables { tables[number] = table }
    placed = tables
  }

  private static func concernsFamily(_ edit: VersionEdit) -> Bool {
    edit.comparator != nil || edit.logNumber != nil || edit.timestampsPersisted != nil
      || edit.fullHistoryTimestampLow != nil || !edit.compactCursors.isEmpty || changesFiles(edit)
  }

  static func changesFiles(_ edit: VersionEdit) -> Bool {
    !edit.deletedTables.isEmpty || !edit.newTables.isEmpty || !edit.blobAdditions.isEmpty || !edit.blobGarbage.isEmpty
  }

  private mutating func unpack() {
    guard let family = unchanged else { return }
    unchanged = nil
    for table in family.tables {
      placed[table.number] = Placed(table: table, serial: serial)
      serial += 1
    }
  }

  private func check(_ edit: VersionEdit) throws(DatabaseError) {
    if let new = edit.comparator, let old = comparator, new != old {
      throw FamilyBuilder.corruption("column family \(id) changes its comparator")
    }
    try checkBlobFiles(edit)
    var deleted: Set<UInt64> = []
    for table in edit.deletedTables {
      guard placed[table.number]?.table.level == table.level, deleted.insert(table.number).inserted else {
        throw FamilyBuilder.corruption("deletes table \(table.number), which is not at level \(table.level)")
      }
    }
    var added: Set<UInt64> = []
    for table in edit.newTables {
      let isLive = placed[table.number] != nil && !deleted.contains(table.number)
      guard !isLive, added.insert(table.number).inserted else {
        throw FamilyBuilder.corruption("adds table \(table.number), which is live already")
      }
    }
  }

  private func checkBlobFiles(_ edit: VersionEdit) throws(DatabaseError) {
    guard !edit.blobAdditions.isEmpty || !edit.blobGarbage.isEmpty else { return }
    var touched: [UInt64: BlobFileMetadata] = [:]
    for blob in edit.blobAdditions {
      guard blobFiles[blob.number] == nil, touched.updateValue(blob, forKey: blob.number) == nil else {
        throw FamilyBuilder.corruption("adds blob file \(blob.number), which is live already")
      }
    }
    for garbage in edit.blobGarbage {
      guard var blob = touched[garbage.number] ?? blobFiles[garbage.number] else {
        throw FamilyBuilder.corruption("counts garbage of blob file \(garbage.number), which is not live")
      }
      guard garbage.count <= blob.count - blob.garbageCount, garbage.bytes <= blob.bytes - blob.garbageBytes else {
        throw FamilyBuilder.corruption("counts more garbage than blob file \(garbage.number) has")
      }
      blob.garbageCount += garbage.count
      blob.garbageBytes += garbage.bytes
      touched[garbage.number] = blob
    }
  }

  static func corruption(_ detail: String) -> DatabaseError { DatabaseError(.corruption, detail) }
}
