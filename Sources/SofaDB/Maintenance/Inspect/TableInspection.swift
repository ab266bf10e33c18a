/// Looks at one table as far as its head goes: footer, metaindex, properties, and on request its index, a few blocks
/// and its first and last key. Damage becomes findings, those of `verify --level quick`; what the system refuses
/// becomes the table's state. Nothing is thrown: one bad table hides no other.
struct TableInspection {
  /// A table to look at.
  struct Place: Sendable {
    var name: String
    var family: String?
    /// The family's; nil takes the table's own.
    var order: KeyOrder?
    var metadata: TableMetadata?
    /// Whether blocks are looked at for their codecs although the properties name one.
    var isSampled = false
    /// Whether first and last key are wanted where no MANIFEST knows them.
    var findsBounds = false
  }

  /// Data blocks whose codec is looked at, in one table.
  static let sampleCount = 16

  private let place: Place
  private(set) var table: InspectedTable
  private(set) var findings: [Finding] = []

  /// Opens and reads.
  init(_ place: Place, in directory: any ReadableDirectory) {
    self.place = place
    let family = place.family ?? "default"
    table =
      place.metadata.map { InspectedTable($0, name: place.name, family: family) }
      ?? InspectedTable(name: place.name, family: family, size: 0)
    do throws(DatabaseError) {
      table.modified = try directory.attributes(of: place.name).flatMap { UInt64(exactly: max($0.modified, 0)) }
      try audit(TailBufferedFile(directory.open(place.name)))
    } catch {
      switch error.kind {
      case .notFound:
        table.state = .missing
        add(
          Finding(.fileMissing, file: place.name, family: place.family, level: table.level, detail: "it is not there"))
      case .corruption, .unsupported, .special: note(error)
      default:
        table.state = .unreadable
        table.refusal = error.detail
      }
    }
  }

  private mutating func audit(_ file: TailBufferedFile) throws(DatabaseError) {
    if place.metadata == nil { table.size = file.size }
    let audit = TableAudit(
      file, name: place.name, metadata: place.metadata, family: place.family, order: place.order, level: .quick)
    try audit.run()
    for finding in audit.findings { add(finding) }
    do throws(DatabaseError) { try read(TableFile(file)) } catch {
      // The audit has met and named what is damaged.
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
      if findings.isEmpty { note(error) }
      table.state = .damaged
    }
  }

  private mutating func note(_ error: DatabaseError) {
    table.state = .damaged
    let code: FindingCode =
      error.kind == .special
      ? .fileSpecial
      : error.kind == .unsupported
        ? .tableUnsupported
        : error.detail.contains("checksum mismatch") ? .blockChecksum : .blockDecode
    add(
      Finding(
        code, file: place.name, family: place.family, level: table.level, offset: error.offset, detail: error.detail))
  }

  private mutating func add(_ finding: Finding) {
    findings.append(finding)
    table.worst = max(table.worst ?? .info, finding.severity)
  }

  // MARK: Steps

  private mutating func read(_ file: TableFile) throws(DatabaseError) {
    let footer = file.footer
    table.formatVersion = footer.formatVersion
    table.checksum = footer.checksum
    let metaIndex = try file.readMetaIndex()
    let stored = try file.readProperties(metaIndex)
    let properties = stored ?? TableProperties()
    table.isLevelDB = footer.isLegacy && metaIndex.properties == nil
    table.features = EngineFeature.features(footer, metaIndex, properties)
    if stored != nil { take(properties) } else { table.index = "binary-search" }
    table.filter = try TableFilter.name(file, metaIndex, properties)
    if stored == nil, let filter = metaIndex.filters.first { table.filterSize = filter.handle.size }
    guard place.isSampled || table.codec == nil || place.findsBounds && place.metadata == nil else { return }
    do throws(DatabaseError) {
      try look(
        TableReader(
          file, order: place.order,
          largestSequence: place.metadata.flatMap { $0.hasSequences ? $0.largestSequence : nil }, onDamage: { _ in }))
    } catch {
      // What cannot be decompressed here is not damaged, and the head said what is needed.
      guard error.kind == .unsupported else { throw error }
    }
  }

  private mutating func take(_ properties: TableProperties) {
    table.entries = properties.number(.entryCount)
    table.deletions = properties.number(.deletionCount)
    table.rangeDeletions = properties.number(.rangeDeletionCount)
    table.mergeOperands = properties.number(.mergeOperandCount)
    table.dataBlocks = properties.number(.dataBlockCount)
    table.dataSize = properties.number(.dataSize)
    table.rawSize = properties.number(.rawKeySize).map { $0 &+ properties.rawValueSize }
    table.filterSize = properties.number(.filterSize)
    table.filterEntries = properties.number(.filterEntryCount)
    table.index = TableInspection.indexName(properties.indexType)
    table.namesIndexType = properties.number(.indexType) != nil
    table.codec = TableCodec.named(properties)
    table.comparator = properties.comparator
    table.mergeOperator = properties.mergeOperator.flatMap { $0.isEmpty || $0 == "nullptr" ? nil : $0 }
    table.isExternal = properties.externalVersion != nil
    table.writtenBy = EngineGuess(
      properties, table.features, epoch: place.metadata.flatMap { $0.hasSequences ? $0.hasEpoch : nil })
    if place.family == nil, let name = properties.columnFamilyName, !name.isEmpty { table.family = name }
    if place.metadata == nil {
      table.smallestSequence = properties.number(.smallestSequence)
      table.largestSequence = properties.number(.largestSequence)
    }
    let times = [properties.fileCreationTime, properties.creationTime]
    if table.created == nil { table.created = times.first { $0 != 0 } }
  }

  static func indexName(_ number: UInt64) -> String {
    switch UInt32(exactly: number).flatMap({ IndexFormat.Kind(rawValue: $0) }) {
    case .binarySearch: "binary-search"
    case .hashSearch: "hash-search"
    case .twoLevel: "two-level"
    case .binarySearchWithFirstKey: "first-key"
    case nil: "unknown type \(number)"
    }
  }

  private mutating func look(_ reader: TableReader) throws(DatabaseError) {
    if place.isSampled || table.codec == nil {
      table.sampled = try TableCodec.sample(reader, count: TableInspection.sampleCount)
      table.codec = table.codec ?? TableCodec.named(table.sampled)
    }
    guard place.findsBounds, place.metadata == nil else { return }
    var cursor = reader.cursor(readAhead: 0)
    try cursor.seekToFirst()
    if cursor.isValid { widen(InternalKey(borrowed: cursor.key).userKey, reader.order) }
    try cursor.seekToLast()
    if cursor.isValid { widen(InternalKey(borrowed: cursor.key).userKey, reader.order) }
    for tombstone in reader.rangeDeletions {
      widen(tombstone.begin, reader.order)
      widen(tombstone.end, reader.order)
    }
  }

  private mutating func widen(_ key: [UInt8], _ order: KeyOrder) {
    if table.smallest.map({ order.compare(key, $0) < 0 }) ?? true { table.smallest = key }
    if table.largest.map({ order.compare(key, $0) > 0 }) ?? true { table.largest = key }
  }
}
