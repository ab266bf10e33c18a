/// A table from outside that was read in full and found sound.
public struct IngestSource: Sendable {
  public let target: FileTarget
  /// Bytes.
  public let size: UInt64
  /// SHA-256 of the file.
  public let digest: [UInt8]
  let properties: TableProperties
  let facts: TableFacts
  /// Bounds with sequence number 0.
  let smallest: InternalKey
  let largest: InternalKey
  /// Whether a sequence number may be given to it: the engines then read all its entries with that number.
  let takesSequence: Bool

  /// Reads all of it. `corruption` when it is damaged, `invalid` or `unsupported` when it cannot be ingested as it is.
  init(_ target: FileTarget, into family: ColumnFamily) throws(DatabaseError) {
    self.target = target
    let file = try target.open()
    size = file.size
    let reader = try TableReader(file, order: family.order)
    properties = reader.properties
    try IngestSource.check(reader, family, target.path)
    let audit = TableAudit(
      file, name: target.path, metadata: nil, family: family.name, order: family.order, level: .full)
    try audit.run()
    if let flaw = audit.findings.first(where: { $0.severity == .error }) {
      throw DatabaseError(.corruption, file: target.path, offset: flaw.offset, flaw.detail)
    }
    guard let facts = audit.facts, let smallest = facts.smallest,
      let largest = Mutant.boundsOfPointsOnly.isOn ? facts.largestPoint ?? facts.largest : facts.largest,
      facts.entries > 0
    else {
      throw DatabaseError(.invalid, file: target.path, "the table has no entries")
    }
    guard facts.largestSequence == 0 else {
      throw DatabaseError(
        .unsupported, file: target.path,
        "its entries have sequence numbers of another database; dump it and load the dump with bulk-load -o")
    }
    self.facts = facts
    self.smallest = smallest
    self.largest = largest
    takesSequence = properties.externalVersion == 2
    try IngestSource.checkUnique(reader, target.path)
    digest = try JournalEntry.digest(of: target.name, in: target.directory)
  }

  private static func check(
    _ reader: TableReader, _ family: ColumnFamily, _ path: String
  ) throws(DatabaseError) {
    guard !reader.isLevelDB else {
      throw DatabaseError(
        .unsupported, file: path, "a LevelDB table has sequence numbers of its own; dump it and load the dump")
    }
    guard reader.globalSequence == 0 else {
      throw DatabaseError(
        .unsupported, file: path,
        "an engine gave it a sequence number when it ingested it; dump it and load the dump with bulk-load -o"
      )
    }
    let own = reader.properties.comparator
    guard own == family.order.name else {
      throw DatabaseError(
        .invalid, file: path,
        "it is ordered by \(EscapedText.printable(own ?? "nobody knows what")), the family by "
          + EscapedText.printable(family.order.name))
    }
    let id = reader.properties.columnFamilyID ?? IngestSource.noFamily
    guard id == IngestSource.noFamily || id == UInt64(family.id) else {
      throw DatabaseError(.invalid, file: path, "it was written for the column family with id \(id)")
    }
    // RocksDB divides by the sum.
    guard reader.properties.rawKeySize &+ reader.properties.rawValueSize > 0 else {
      throw DatabaseError(.unsupported, file: path, "its properties say that keys and values have no bytes")
    }
  }

  /// What external tables have as the id of their family.
  static let noFamily: UInt64 = 0x7FFF_FFFF

  /// Two versions of one key would get the same sequence number, and which one counts would be chance.
  private static func checkUnique(_ reader: TableReader, _ path: String) throws(DatabaseError) {
    var cursor = reader.cursor(readAhead: 1 << 20)
    var last = ByteWriter()
    var isFirst = true
    try cursor.seekToFirst()
    while cursor.isValid {
      let userKey = cursor.key.internalKeyUserKey
      if !isFirst, reader.order.compare(last.bytes, userKey) == 0 {
        throw DatabaseError(
          .unsupported, file: path, "it holds a key twice; dump it and load the dump with bulk-load -o")
      }
      last.removeAll()
      last.append(userKey)
      isFirst = false
      try cursor.next()
    }
  }

  /// As the MANIFEST records it.
  func metadata(number: UInt64, level: Int, sequence: SequenceNumber, epoch: UInt64?) -> TableMetadata {
    func stamped(_ key: InternalKey) -> InternalKey {
      // The exclusive end of a range deletion has no sequence number of its own.
      key.sequence == .maximum ? key : InternalKey(userKey: key.userKey, trailer: sequence << 8 | key.trailer & 0xFF)
    }
    var table = TableMetadata(
      number: number, level: level, size: size, smallest: stamped(smallest), largest: stamped(largest),
      smallestSequence: sequence, largestSequence: sequence, epoch: epoch)
    table.oldestBlobFile = facts.blobReferences.keys.min()
    table.creationTime = properties.number(.fileCreationTime)
    table.oldestAncestorTime = properties.number(.creationTime)
    table.minTimestamp = properties[.smallestTimestamp]
    table.maxTimestamp = properties[.largestTimestamp]
    table.timestampsPersisted = properties.timestampsPersisted
    return table
  }
}
