import SofaTesting
import Testing

@testable import SofaDB

/// A database with a past, made from a seed: writes went through a log and memtables into tables, tables through
/// compactions, edit by edit of one MANIFEST, as an engine does it. Known are every write there ever was and every
/// table that was compacted away.
final class LivedDatabase {
  typealias Write = HistoryModel.Entry

  struct Family {
    var column: ColumnFamily
    var table: TableOptions
    var hasBlobs: Bool
    var writes: [Write] = []
    var tombstones: [RangeTombstone] = []
    /// Of `writes` and `tombstones`: sequence numbers behind it are in logs only.
    var flushed: SequenceNumber = 0

    var order: KeyOrder { column.order }
  }

  struct Log {
    let writer: LogWriter
    let first: SequenceNumber
    /// Where each record ends, and the last sequence number up to there.
    var ends: [(offset: UInt64, sequence: SequenceNumber)] = []
  }

  let seed: Int
  let isLevelDB: Bool
  let system = SimulatedFileSystem()
  let directory: any Directory
  var random: SeededRandom
  private(set) var families: [UInt32: Family] = [:]
  private(set) var lastSequence: SequenceNumber = 0
  /// By name: tables that were compacted away, and those of dropped families.
  private(set) var stale: [String: [UInt8]] = [:]
  private(set) var logs: [UInt64: Log] = [:]
  private(set) var currentLog: UInt64 = 0
  static let manifest: UInt64 = 1
  /// Where each record of the MANIFEST ends; the first ones are what no engine opens a database without.
  private(set) var manifestEnds: [UInt64] = []

  /// Whether a crash left outputs of a compaction behind.
  var isUnfinished: Bool { seed % 10 == 3 }

  /// Where long values went: blob files by sequence number.
  private(set) var blobs: [SequenceNumber: UInt64] = [:]

  private var nextNumber: UInt64 = 2
  private let manifest: ManifestWriter
  private let manifestFile: any AppendFile
  private var maxFamily: UInt32 = 0
  private var time: UInt64 = 1_700_000_000
  private let knowsTimes: Bool
  /// Whether LOG tells what happened.
  var hasInfoLog: Bool { seed / 3 % 2 == 0 }
  private var infoLog: LivedInfoLog
  private let hasEpochs: Bool
  private let levelCount: Int
  private let keyCount: Int

  init(seed: Int) throws {
    self.seed = seed
    random = SeededRandom(seed: UInt64(seed) &* 104_729 &+ 11)
    isLevelDB = seed % 8 == 7
    infoLog = LivedInfoLog(isLevelDB: isLevelDB)
    knowsTimes = seed % 3 != 2
    hasEpochs = seed % 4 == 1
    levelCount = isLevelDB ? 7 : [3, 4, 7][seed % 3]
    keyCount = [30, 90, 250][random.below(3)]
    directory = try system.directory(at: "db")
    manifestFile = try directory.create(DatabaseFile.manifest(Self.manifest).name)
    manifest = ManifestWriter(file: manifestFile, dialect: isLevelDB ? .leveldb : .rocksdb)
    try begin()
    for round in 0..<(3 + random.below(5)) { try live(round) }
    try write(5 + random.below(60))
    if isUnfinished { try leaveUnfinished() }
    if hasInfoLog { try put("LOG", Array(infoLog.text.utf8)) }
    try manifest.sync()
    for log in logs.values { try log.writer.sync() }
    try directory.sync()
    system.settle()
  }

  // MARK: Families

  private func begin() throws {
    try CurrentFile.replace(directory, manifest: Self.manifest)
    if !isLevelDB {
      try put("IDENTITY", Array("identity-\(seed)".utf8))
    }
    try put("LOCK", [])
    currentLog = number()
    try openLog()
    add(0, "default")
    var edit = VersionEdit(family: 0)
    edit.comparator = families[0]?.order.name
    edit.logNumber = currentLog
    if isLevelDB { edit.previousLogNumber = 0 }
    try record(edit)
    if isLevelDB { return }
    for id in 1..<UInt32(1 + seed % 3) { try addFamily(id, "family-\(id)") }
    try writeOptions()
  }

  private func addFamily(_ id: UInt32, _ name: String) throws {
    add(id, name)
    maxFamily = max(maxFamily, id)
    var edit = VersionEdit(family: id)
    edit.addedFamily = name
    edit.comparator = families[id]?.order.name
    edit.logNumber = currentLog
    edit.maxColumnFamily = maxFamily
    try record(edit)
  }

  private func add(_ id: UInt32, _ name: String) {
    var table = isLevelDB ? .levelDB : TableOptions()
    table.blockSize = [64, 200, 500][random.below(3)]
    table.compression = isLevelDB ? .none : [.none, .lz4, .zstd, .zlib, .lz4hc][random.below(5)]
    if !isLevelDB {
      table.formatVersion = 2 + random.below(6)
      table.checksum = [.crc32c, .xxh3, .xxHash64, .xxHash32][random.below(4)]
      table.filterBitsPerKey = [0, 10][random.below(2)]
      table.restartInterval = [1, 4, 16][random.below(3)]
      if random.below(4) == 0 {
        table.indexType = .twoLevel
        table.partitionSize = 64
      }
    }
    table.order = id == 1 && seed % 2 == 0 ? .reverseBytewise : .bytewise
    table.mergeOperator = isLevelDB ? nil : "StringAppendOperator"
    (table.columnFamilyID, table.columnFamilyName) = (id, name)
    families[id] = Family(
      column: ColumnFamily(
        id: id, name: name, comparator: table.order.name, logNumber: currentLog, tables: []),
      table: table, hasBlobs: !isLevelDB && seed % 5 == 2)
  }

  private func dropFamily(_ id: UInt32) throws {
    var edit = VersionEdit(family: id)
    edit.dropsFamily = true
    try record(edit)
    for table in families[id]?.column.tables ?? [] { try bury(table.number) }
    families[id] = nil
    try writeOptions()
  }

  private func writeOptions() throws {
    var text = "[Version]\n  rocksdb_version=7.8.3\n  options_file_version=1.1\n\n[DBOptions]\n\n"
    for (_, family) in families.sorted(by: { $0.key < $1.key }) {
      text += "[CFOptions \"\(family.column.name)\"]\n  num_levels=\(levelCount)\n"
      text += "  comparator=\(family.order.name)\n  merge_operator={id=StringAppendOperator;delimiter=,;}\n"
      text += "  level_compaction_dynamic_level_bytes=\(seed % 2 == 0)\n\n"
    }
    for entry in try directory.entries() {
      if case .options = DatabaseFile(name: entry.name) { try directory.remove(entry.name) }
    }
    try put(DatabaseFile.options(number()).name, Array(text.utf8))
  }

  // MARK: A life

  private func live(_ round: Int) throws {
    if !isLevelDB, round == 2, seed % 4 == 2 { try addFamily(maxFamily + 1, "late") }
    if !isLevelDB, round == 3, seed % 4 != 0, let last = families.keys.max(), last > 0 { try dropFamily(last) }
    for _ in 0..<(1 + random.below(3)) {
      try write(10 + random.below(80))
      let all = families.keys.sorted()
      for id in all where all.count == 1 || random.below(3) > 0 { try flush(id) }
    }
    for id in families.keys.sorted() {
      for _ in 0..<random.below(4) { try compact(id) }
    }
  }

  private func key(_ index: Int) -> [UInt8] {
    index % 17 == 0 ? [UInt8](repeating: 0x6B, count: index / 17) : Array("key\(10_000 + index)".utf8)
  }

  private func write(_ count: Int) throws {
    let ids = families.keys.sorted()
    var left = count
    while left > 0 {
      var batch = WriteBatch()
      let first = lastSequence + 1
      for _ in 0..<min(left, 1 + random.below(5)) {
        lastSequence += 1
        left -= 1
        let id = ids[random.below(ids.count)]
        let write = draw(id)
        try batch.add(write.kind, write.key, write.value, family: id)
        if write.kind == .rangeDeletion {
          families[id]?.tombstones.append(
            RangeTombstone(begin: write.key, end: write.value, sequence: write.sequence))
        } else {
          families[id]?.writes.append(write)
        }
      }
      batch.setSequence(first)
      guard var log = logs[currentLog] else { return }
      try log.writer.append(batch.bytes)
      log.ends.append((log.writer.file.size, lastSequence))
      logs[currentLog] = log
    }
  }

  private func draw(_ id: UInt32) -> Write {
    let key = key(random.below(keyCount))
    var value = Array("v\(lastSequence)-".utf8) + random.bytes(random.below(12))
    if random.below(6) == 0 { value += [UInt8](repeating: 0x2E, count: 60) }
    // Programs often write again what is there already.
    if random.below(5) == 0 { value = Array("same".utf8) }
    switch random.below(isLevelDB ? 8 : 12) {
    case 0, 1: return Write(key: key, sequence: lastSequence, kind: .deletion, value: [])
    case 8, 9: return Write(key: key, sequence: lastSequence, kind: .merge, value: value)
    case 10 where random.below(3) == 0:
      var ends = [key, self.key(random.below(keyCount))]
      if let order = families[id]?.order, order.compare(ends[0], ends[1]) > 0 { ends.swapAt(0, 1) }
      if ends[0] != ends[1] {
        return Write(key: ends[0], sequence: lastSequence, kind: .rangeDeletion, value: ends[1])
      }
      fallthrough
    default: return Write(key: key, sequence: lastSequence, kind: .value, value: value)
    }
  }

  // MARK: Files

  private func number() -> UInt64 {
    defer { nextNumber += 1 }
    return nextNumber
  }

  private func name(_ table: UInt64) -> String { DatabaseFile.table(table, isLevelDB ? .ldb : .sst).name }

  private func put(_ name: String, _ bytes: [UInt8]) throws {
    let file = try directory.create(name)
    try bytes.withUnsafeBytes { try file.append($0) }
    try file.sync()
    try file.close()
  }

  private func bury(_ table: UInt64) throws {
    let file = try directory.open(name(table))
    let content = try file.readExactly(Int(file.size), at: 0)
    stale[name(table)] = withExtendedLifetime(content) { [UInt8](content.bytes) }
    try directory.remove(name(table))
    infoLog.delete(table)
  }

  private func openLog() throws {
    logs[currentLog] = Log(
      writer: LogWriter(file: try directory.create(DatabaseFile.log(currentLog).name)), first: lastSequence + 1)
  }

  private func record(_ edit: VersionEdit) throws {
    var edit = edit
    edit.nextFileNumber = nextNumber
    edit.lastSequence = lastSequence
    try manifest.append([edit])
    manifestEnds.append(manifestFile.size)
  }

  private func change(_ id: UInt32, _ tables: [TableMetadata], logNumber: UInt64? = nil) {
    guard let old = families[id]?.column else { return }
    families[id]?.column = ColumnFamily(
      id: id, name: old.name, comparator: old.comparator, logNumber: logNumber ?? old.logNumber, tables: tables)
  }

  // MARK: Flushes

  private func flush(_ id: UInt32) throws {
    guard let family = families[id] else { return }
    let writes = family.writes.filter { $0.sequence > family.flushed }
    let tombstones = family.tombstones.filter { $0.sequence > family.flushed }
    guard !writes.isEmpty || !tombstones.isEmpty else { return }
    currentLog = number()
    try openLog()
    var edit = VersionEdit(family: id)
    let table = try writeTable(id, writes, tombstones, &edit)
    edit.newTables = [table]
    edit.logNumber = currentLog
    if isLevelDB { edit.previousLogNumber = 0 }
    change(id, [table] + family.column.tables, logNumber: currentLog)
    families[id]?.flushed = lastSequence
    // Nothing of a family without unflushed writes is in older logs.
    let needed = families.values.filter { $0.lastWrite > $0.flushed }.map(\.column.logNumber).min()
    let oldest = min(needed ?? currentLog, currentLog)
    if !isLevelDB { edit.minLogNumberToKeep = oldest }
    try record(edit)
    for (log, content) in logs where log < oldest {
      try content.writer.file.close()
      try directory.remove(DatabaseFile.log(log).name)
      logs[log] = nil
    }
  }

  private func writeTable(
    _ id: UInt32, _ writes: [Write], _ tombstones: [RangeTombstone], _ edit: inout VersionEdit
  ) throws -> TableMetadata {
    guard let family = families[id] else { preconditionFailure("no family \(id)") }
    var options = family.table
    time += 10
    if knowsTimes, !isLevelDB {
      options.creationTime = time
      var oldest = ByteWriter()
      oldest.appendVarint(time - 5)
      options.keptProperties = [.init(name: Array("rocksdb.oldest.key.time".utf8), value: oldest.array)]
    }
    let sorted = writes.sorted {
      let result = family.order.compare($0.key, $1.key)
      return result != 0 ? result < 0 : $0.sequence > $1.sequence
    }
    let stored = try family.hasBlobs ? separated(sorted, id, &edit) : sorted
    let number = number()
    let writer = try TableWriter(file: directory.create(name(number)), options: options)
    for write in stored {
      try write.key.withUnsafeBytes { key in
        try write.value.withUnsafeBytes {
          try writer.add(userKey: key, sequence: write.sequence, kind: write.kind, value: $0)
        }
      }
    }
    for tombstone in tombstones { try writer.addRangeTombstone(tombstone) }
    let summary = try writer.finish()
    var metadata = TableMetadata(
      number: number, level: 0, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: isLevelDB ? TableMetadata.unknownSequence : summary.smallestSequence,
      largestSequence: isLevelDB ? 0 : summary.largestSequence, epoch: hasEpochs ? number : nil)
    metadata.oldestBlobFile = summary.oldestBlobFile
    infoLog.flush(metadata)
    return metadata
  }

  /// Moves long values into a new blob file.
  private func separated(_ writes: [Write], _ id: UInt32, _ edit: inout VersionEdit) throws -> [Write] {
    guard writes.contains(where: { $0.kind == .value && $0.value.count > 50 }) else { return writes }
    let number = number()
    var file = ByteWriter()
    file.appendFixed32(0x0024_8F37)
    file.appendFixed32(1)
    file.appendFixed32(id)
    file.appendZeros(18)
    var count: UInt64 = 0
    let result = writes.map { write in
      guard write.kind == .value, write.value.count > 50 else { return write }
      var head = ByteWriter()
      head.appendFixed64(UInt64(write.key.count))
      head.appendFixed64(UInt64(write.value.count))
      head.appendFixed64(0)
      let body = write.key + write.value
      file.append(head.bytes)
      file.appendFixed32(CRC32C.mask(CRC32C.checksum(head.bytes)))
      file.appendFixed32(CRC32C.mask(body.withUnsafeBytes { CRC32C.checksum($0) }))
      var reference = ByteWriter()
      reference.append([1])
      reference.appendVarint(number)
      reference.appendVarint(UInt64(file.count + write.key.count))
      reference.appendVarint(UInt64(write.value.count))
      reference.append([0])
      file.append(body)
      count += 1
      blobs[write.sequence] = number
      return Write(key: write.key, sequence: write.sequence, kind: .blobIndex, value: reference.array)
    }
    let bytes = UInt64(file.count - BlobFile.headerSize)
    var foot = ByteWriter()
    foot.appendFixed32(0x0024_8F37)
    foot.appendFixed64(count)
    foot.appendZeros(16)
    file.append(foot.bytes)
    file.appendFixed32(CRC32C.mask(CRC32C.checksum(foot.bytes)))
    try put(DatabaseFile.blob(number).name, file.array)
    edit.blobAdditions = [BlobFileMetadata(number: number, count: count, bytes: bytes)]
    return result
  }

  // MARK: Compactions

  private func compact(_ id: UInt32) throws {
    guard let (result, plan) = try merge(id) else { return }
    guard let result else { return }
    var edit = VersionEdit(family: id)
    edit.deletedTables = plan.inputs.map { .init(level: $0.level, number: $0.number) }
    edit.newTables = result.outputs.map { forMANIFEST($0.metadata) }
    infoLog.finishCompaction()
    let gone = Set(plan.inputs.map(\.number))
    for number in gone { try bury(number) }
    change(id, (families[id]?.column.tables ?? []).filter { !gone.contains($0.number) } + edit.newTables)
    try record(edit)
  }

  private func forMANIFEST(_ table: TableMetadata) -> TableMetadata {
    guard isLevelDB else { return table }
    return TableMetadata(
      number: table.number, level: table.level, size: table.size, smallest: table.smallest, largest: table.largest,
      smallestSequence: TableMetadata.unknownSequence, largestSequence: 0)
  }

  /// Merges some tables of a family into the next level, or moves one there, which gives no result.
  private func merge(_ id: UInt32) throws -> (CompactionResult?, CompactionPlan)? {
    guard let family = families[id] else { return nil }
    let upper = family.column.tables.filter { $0.level < levelCount - 1 }
    guard let first = upper.isEmpty ? nil : upper[random.below(upper.count)] else { return nil }
    let all = random.below(3) == 0
    let chosen = all ? Set(upper.filter { $0.level == first.level }.map(\.number)) : [first.number]
    // Engines skip the levels that are empty above the deepest one.
    let deepest = family.column.tables.map(\.level).max() ?? 0
    let target = first.level == 0 && deepest == 0 ? 1 + random.below(levelCount - 1) : first.level + 1
    let inputs = CompactionInputs(family.column, outputLevel: target).closed(chosen)
    var plan = try CompactionPlan(family.column, inputs: inputs, outputLevel: target, options: family.table)
    if inputs.count == 1, random.below(2) == 0 {
      try move(first, to: target, id)
      return (nil, plan)
    }
    plan.zeroSequences = !isLevelDB && random.below(4) > 0
    plan.targetFileSize = [400, 1500, 1 << 20][random.below(3)]
    plan.mergeOperator = .stringAppend(delimiter: [0x2C])
    let numbers = Numbers(nextNumber)
    let job = CompactionJob(
      plan, cache: TableCache(directory: directory),
      target: CompactionTarget(directory: directory, suffix: isLevelDB ? .ldb : .sst) { numbers.next() })
    let result = try job.run()
    nextNumber = numbers.next()
    infoLog.compact(plan.inputs, result.outputs.map(\.metadata))
    return (result, plan)
  }

  private func move(_ table: TableMetadata, to level: Int, _ id: UInt32) throws {
    var moved = table
    moved.level = level
    var edit = VersionEdit(family: id)
    edit.deletedTables = [.init(level: table.level, number: table.number)]
    edit.newTables = [moved]
    change(id, (families[id]?.column.tables ?? []).filter { $0.number != table.number } + [moved])
    try record(edit)
  }

  /// Outputs of a compaction that no record tells of, as a crash leaves them.
  private func leaveUnfinished() throws {
    guard let id = families.keys.sorted().last else { return }
    _ = try merge(id)
  }

  private final class Numbers: Sendable {
    private let value: Monitor<UInt64>
    init(_ first: UInt64) { value = Monitor(first) }
    func next() -> UInt64 {
      value.change { next in
        defer { next += 1 }
        return next
      }
    }
  }
}
