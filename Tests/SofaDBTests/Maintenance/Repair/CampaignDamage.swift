import SofaTesting

@testable import SofaDB

/// What the campaign does to a database, one at a time or two together.
enum CampaignDamage: String, CaseIterable, Sendable {
  case flippedBits, zeroRun, lostBlock, misplacedBlock, lostTable, lostTables
  case manifestCutAtRecord, manifestCutInRecord, manifestFlipped, noManifest, noCurrent, noManifestNorCurrent
  case staleTables, staleTablesManifestCut, staleTablesNoManifest, flippedBitsManifestCut
  case halfNewestLog, halfOlderLog, halfLogNoManifest, newestLogCutAtRecord, olderLogCutAtRecord, lostBlob
  case onlyTables

  /// Whether the MANIFEST stays whole. Nothing else tells what an unfinished compaction left behind from the tables
  /// that it was to replace.
  var keepsManifest: Bool {
    switch self {
    case .flippedBits, .zeroRun, .lostBlock, .misplacedBlock, .lostTable, .lostTables, .noCurrent, .staleTables,
      .halfNewestLog, .halfOlderLog, .newestLogCutAtRecord, .olderLogCutAtRecord, .lostBlob:
      true
    default: false
    }
  }

  /// Whether tables came back of which nothing but LOG may tell that they had been compacted away.
  var mayResurface: Bool { self == .staleTablesManifestCut || self == .staleTablesNoManifest }

  /// Whether there is anything of the kind to damage.
  func applies(to lived: LivedDatabase) -> Bool {
    switch self {
    case .halfOlderLog: lived.logs.count > 1
    case .newestLogCutAtRecord: (lived.logs[lived.currentLog]?.ends.count ?? 0) > 1
    case .olderLogCutAtRecord: lived.logs.contains { $0.key != lived.currentLog && $0.value.ends.count > 1 }
    case .lostBlob: !lived.blobs.isEmpty
    default: !lived.isUnfinished || keepsManifest
    }
  }

  /// Damages `database`, a copy of `lived`, and returns which writes are gone without a trace.
  func apply(
    to database: BrokenDatabase, _ lived: LivedDatabase, _ random: inout SeededRandom
  ) throws -> LivedDatabase.Loss {
    switch self {
    case .flippedBits: try Self.flip(database, &random)
    case .zeroRun, .lostBlock, .misplacedBlock: try damageBlock(database, &random)
    case .lostTable: try Self.lose(database, 1, &random)
    case .lostTables: try Self.lose(database, 3, &random)
    case .manifestCutAtRecord: try Self.cutManifest(database, lived, &random, atRecord: true)
    case .manifestCutInRecord: try Self.cutManifest(database, lived, &random, atRecord: false)
    case .manifestFlipped:
      try database.change(Self.manifest) { $0[random.below($0.count)] ^= 1 << UInt8(random.below(8)) }
    case .flippedBitsManifestCut:
      try Self.flip(database, &random)
      try Self.cutManifest(database, lived, &random, atRecord: lived.seed % 2 == 0)
    case .noManifest: try database.directory.remove(Self.manifest)
    case .noCurrent: try database.directory.remove(CurrentFile.name)
    case .noManifestNorCurrent: try database.removeManifests()
    case .staleTables: try Self.bringBack(database, lived, &random)
    case .staleTablesManifestCut:
      try Self.bringBack(database, lived, &random)
      try Self.cutManifest(database, lived, &random, atRecord: lived.seed % 2 == 0)
    case .staleTablesNoManifest:
      try Self.bringBack(database, lived, &random)
      try database.removeManifests()
    case .halfNewestLog: return try Self.halve(lived.currentLog, database, lived, &random)
    case .halfOlderLog:
      if let log = lived.logs.keys.sorted().dropLast().first { _ = try Self.halve(log, database, lived, &random) }
    case .halfLogNoManifest:
      try database.removeManifests()
      return try Self.halve(lived.currentLog, database, lived, &random)
    case .newestLogCutAtRecord: return try Self.cut(lived.currentLog, database, lived, &random)
    case .olderLogCutAtRecord:
      let logs = lived.logs.filter { $0.key != lived.currentLog && $0.value.ends.count > 1 }
      // The log behind it, or the MANIFEST, tells what is missing.
      if let log = logs.keys.sorted().randomElement(using: &random) {
        _ = try Self.cut(log, database, lived, &random)
      }
    case .lostBlob:
      let names = try database.directory.entries().map(\.name).filter { name in
        if case .blob = DatabaseFile(name: name) { true } else { false }
      }
      if let name = names.sorted().randomElement(using: &random) { try database.directory.remove(name) }
    case .onlyTables:
      // OPTIONS stays: it alone knows how operands are merged.
      try database.remove { file in
        switch file {
        case .table, .options, .lock, .blob: false
        default: true
        }
      }
      return { $1 > $0.flushed }
    }
    return { _, _ in false }
  }

  private static let manifest = DatabaseFile.manifest(LivedDatabase.manifest).name

  // MARK: Tables

  private static func flip(_ database: BrokenDatabase, _ random: inout SeededRandom) throws {
    for (name, _, _) in try database.tables() where random.below(3) == 0 {
      try database.change(name) { $0[random.below($0.count)] ^= 1 << UInt8(random.below(8)) }
    }
  }

  private static func lose(_ database: BrokenDatabase, _ count: Int, _ random: inout SeededRandom) throws {
    var names = try database.tables().map(\.name)
    for _ in 0..<min(count, names.count) { try database.directory.remove(names.remove(at: random.below(names.count))) }
  }

  private func damageBlock(_ database: BrokenDatabase, _ random: inout SeededRandom) throws {
    let tables = try database.tables()
    guard !tables.isEmpty else { return }
    let (name, _, family) = tables[random.below(tables.count)]
    let reader = try TableReader(database.directory.open(name), order: family.order)
    var blocks: [BlockHandle] = []
    var cursor = reader.dataBlocks()
    try cursor.seekToFirst()
    while cursor.isValid {
      blocks.append(cursor.handle)
      try cursor.next()
    }
    guard let block = blocks.randomElement(using: &random) else { return }
    let length = Int(block.size) + BlockTrailer.size
    let other = blocks.first { $0 != block && $0.size == block.size } ?? blocks.first { $0.size <= block.size }
    try database.change(name) { bytes in
      switch self {
      case .zeroRun:
        let start = random.below(bytes.count)
        for place in start..<min(start + 512, bytes.count) { bytes[place] = 0 }
      case .misplacedBlock:
        guard let other else { return }
        let copy = Array(bytes[Int(other.offset)..<(Int(other.offset + other.size) + BlockTrailer.size)])
        bytes.replaceSubrange(Int(block.offset)..<(Int(block.offset) + copy.count), with: copy)
      default: for place in 0..<length { bytes[Int(block.offset) + place] = 0 }
      }
    }
  }

  // MARK: The state

  private static func cutManifest(
    _ database: BrokenDatabase, _ lived: LivedDatabase, _ random: inout SeededRandom, atRecord: Bool
  ) throws {
    // Without its first record it is no MANIFEST at all.
    let place = random.below(lived.manifestEnds.count)
    let end = Int(lived.manifestEnds[place])
    let cut = atRecord ? end : max(end - 1 - random.below(20), 1)
    try database.replace(manifest, Array(try database.bytes(manifest).prefix(cut)))
  }

  /// Tables that were compacted away are there again: some, or all.
  private static func bringBack(
    _ database: BrokenDatabase, _ lived: LivedDatabase, _ random: inout SeededRandom
  ) throws {
    let all = random.below(2) == 0
    for (name, bytes) in lived.stale.sorted(by: { $0.key < $1.key }) where all || random.below(3) == 0 {
      try database.replace(name, bytes)
    }
  }

  // MARK: Logs

  private static func halve(
    _ log: UInt64, _ database: BrokenDatabase, _ lived: LivedDatabase, _ random: inout SeededRandom
  ) throws -> LivedDatabase.Loss {
    guard let content = lived.logs[log] else { return { _, _ in false } }
    let size = content.writer.size
    var cut = UInt64(random.below(Int(size) + 1))
    // What is cut between two records has a kind of its own.
    let isBetween = cut == 0 || content.ends.contains { $0.offset == cut }
    if log != lived.currentLog, isBetween, let first = content.ends.first { cut = first.offset - 1 }
    return try shorten(log, to: cut, database, content)
  }

  /// Between two records.
  private static func cut(
    _ log: UInt64, _ database: BrokenDatabase, _ lived: LivedDatabase, _ random: inout SeededRandom
  ) throws -> LivedDatabase.Loss {
    guard let content = lived.logs[log], let end = content.ends.dropLast().randomElement(using: &random) else {
      return { _, _ in false }
    }
    return try shorten(log, to: end.offset, database, content)
  }

  private static func shorten(
    _ log: UInt64, to size: UInt64, _ database: BrokenDatabase, _ content: LivedDatabase.Log
  ) throws -> LivedDatabase.Loss {
    let name = DatabaseFile.log(log).name
    try database.replace(name, Array(try database.bytes(name).prefix(Int(size))))
    let kept = content.ends.last { $0.offset <= size }?.sequence ?? content.first - 1
    let last = content.ends.last?.sequence ?? kept
    return { $1 > kept && $1 <= last }
  }
}
