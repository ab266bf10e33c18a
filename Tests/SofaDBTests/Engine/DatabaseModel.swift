import SofaTesting

@testable import SofaDB

/// A database and what it has to hold, changed together by random operations and compared all the time. The reference
/// is as simple as it can be: a dictionary a family, and a copy of it for each snapshot.
final class DatabaseModel {
  typealias Contents = [[UInt8]: [UInt8]]

  /// What differs between two runs that must give the same history.
  struct Setting {
    var options = DatabaseOptions()
    var family = FamilyOptions()
    var order = KeyOrder.bytewise

    /// Number `index` of a list that goes through the values of each option at a stride of its own.
    init(_ index: Int) {
      func pick<Value>(_ stride: Int, _ values: [Value]) -> Value { values[(index / stride + index) % values.count] }
      options.backgroundThreads = pick(1, [0, 2, 0, 3])
      options.blockCacheBytes = pick(2, [0, 4 << 10, 1 << 20])
      options.maxOpenTables = pick(3, [16, 1000])
      options.maxLogBytes = pick(5, [nil, 4 << 10])
      options.manifestBytes = pick(4, [512, 64 << 20])
      options.verifiesOutputs = pick(2, [true, false])
      family.writeBufferBytes = pick(1, [2 << 10, 4 << 10, 64 << 10, 1 << 20])
      family.maxWriteBuffers = pick(3, [2, 4])
      family.mergeOperator = .stringAppend(delimiter: [0x2C])
      family.compaction.style = pick(2, [.leveled, .leveled, .universal])
      family.compaction.level0Trigger = pick(3, [1, 2, 4])
      family.compaction.baseLevelBytes = pick(1, [2 << 10, 16 << 10, 256 << 20])
      family.compaction.levelMultiplier = pick(7, [2, 4, 10])
      family.compaction.targetFileSize = pick(5, [1 << 10, 4 << 10, 64 << 20])
      family.compression = pick(2, [.none, .lz4, .snappy, .zstd])
      family.bottomCompression = pick(3, [.zstd, .none, .lz4])
      family.tables.blockSize = pick(1, [64, 128, 512, 4096])
      family.tables.restartInterval = pick(3, [1, 2, 16])
      family.tables.filterBitsPerKey = pick(2, [0, 2, 10])
      family.tables.formatVersion = pick(5, [2, 4, 5])
      family.tables.prefixLength = pick(4, [nil, 1, 2])
      family.tables.indexType = pick(3, [.binarySearch, .twoLevel])
      family.tables.partitionSize = 64
      family.tables.hashesDataBlocks = pick(7, [false, true])
      family.tables.checksum = pick(4, [.crc32c, .xxh3, .xxHash64])
      order = pick(6, [.bytewise, .bytewise, .reverseBytewise])
      family.order = order
      options.familyDefaults = family
      options.time = ManualTime()
    }
  }

  let setting: Setting
  private let fileSystem: any FileSystem
  private let path: String
  private(set) var database: Database
  private var random: SeededRandom
  private var contents: [String: Contents] = ["default": [:]]
  private var snapshots: [(snapshot: Snapshot, contents: [String: Contents])] = []
  /// All results of reads so far, for a comparison of runs.
  private(set) var history = Digest()
  private(set) var failures: [String] = []

  /// Order-sensitive, over bytes.
  struct Digest: Equatable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325
    mutating func add(_ bytes: [UInt8]?) {
      for byte in bytes ?? [0xFF, 0xFE] { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
      value = (value ^ 0x1F) &* 0x100_0000_01B3
    }
  }

  init(_ setting: Setting, seed: UInt64, path: String, in fileSystem: any FileSystem) throws {
    self.setting = setting
    self.fileSystem = fileSystem
    self.path = path
    random = SeededRandom(seed: seed)
    database = try Database.open(path, options: setting.options, in: fileSystem)
  }

  func close() throws {
    snapshots = []
    try database.close()
  }

  // MARK: Operations

  func run(_ count: Int) throws {
    for _ in 0..<count where failures.isEmpty { try step() }
    try compareAll()
  }

  private func step() throws {
    switch random.below(1000) {
    case 0..<330: try put()
    case 330..<430: try delete()
    case 430..<460: try deleteRange()
    case 460..<540: try merge()
    case 540..<600: try batch()
    case 600..<780: try get()
    case 780..<850: try walk()
    case 850..<880: try multiGet()
    case 880..<905: takeSnapshot()
    case 905..<925: dropSnapshot()
    case 925..<945: try transaction()
    case 945..<965: try database.flush(random.below(2) == 0 ? nil : family(name()))
    case 965..<975: try compact()
    case 975..<985: try changeFamilies()
    case 985..<992: try reopen()
    default: try compareAll()
    }
  }

  private func put() throws {
    let (name, key, value) = (name(), key(), value())
    try database.put(key, value, in: family(name), WriteOptions(sync: random.below(20) == 0))
    contents[name]?[key] = value
  }

  private func delete() throws {
    let (name, key) = (name(), key())
    try database.delete(key, in: family(name))
    contents[name]?[key] = nil
  }

  private func deleteRange() throws {
    let name = name()
    var (begin, end) = (key(), key())
    if setting.order.compare(begin, end) > 0 { swap(&begin, &end) }
    try database.deleteRange(begin, end, in: family(name))
    remove(name, begin, end)
  }

  private func remove(_ name: String, _ begin: [UInt8], _ end: [UInt8]) {
    contents[name] = contents[name]?.filter {
      setting.order.compare($0.key, begin) < 0 || setting.order.compare($0.key, end) >= 0
    }
  }

  private func merge() throws {
    let (name, key, operand) = (name(), key(), [UInt8](repeating: 0x61 + UInt8(random.below(26)), count: 2))
    try database.merge(key, operand, in: family(name))
    let base = contents[name]?[key]
    contents[name]?[key] = base.map { $0 + [0x2C] + operand } ?? operand
  }

  private func batch() throws {
    var batch = WriteBatch()
    for _ in 0..<random.below(12) {
      let (name, key, value) = (name(), key(), value())
      let id = family(name)?.id ?? 0
      switch random.below(6) {
      case 0:
        try batch.delete(key, family: id)
        contents[name]?[key] = nil
      case 1:
        var (begin, end) = (key, self.key())
        if setting.order.compare(begin, end) > 0 { swap(&begin, &end) }
        guard begin != end else { continue }
        try batch.deleteRange(begin, end, family: id)
        remove(name, begin, end)
      default:
        try batch.put(key, value, family: id)
        contents[name]?[key] = value
      }
    }
    try database.write(&batch)
  }

  private func get() throws {
    let (name, key, moment) = (name(), key(), moment())
    let value = try database.get(key, in: family(name), at: moment?.snapshot)
    expect(value, (moment?.contents ?? contents)[name]?[key], "get \(key) of \(name)")
  }

  private func multiGet() throws {
    let (name, moment) = (name(), moment())
    let keys = (0..<random.below(6)).map { _ in key() }
    let values = try database.multiGet(keys, in: family(name), at: moment?.snapshot)
    for (key, value) in zip(keys, values) { expect(value, (moment?.contents ?? contents)[name]?[key], "multiGet") }
  }

  /// A cursor that jumps and steps both ways, beside an index into the sorted keys.
  private func walk() throws {
    let (name, moment) = (name(), moment())
    var bounds: ([UInt8]?, [UInt8]?) = (nil, nil)
    if random.below(3) == 0 {
      var (from, to) = (key(), key())
      if setting.order.compare(from, to) > 0 { swap(&from, &to) }
      bounds = (from, to)
    }
    let order = setting.order
    let prefix = random.below(4) == 0 && order == .bytewise ? key() : nil
    if prefix != nil { bounds = (nil, nil) }
    let wanted = ((moment?.contents ?? contents)[name] ?? [:]).filter { entry in
      (bounds.0.map { order.compare(entry.key, $0) >= 0 } ?? true)
        && (bounds.1.map { order.compare(entry.key, $0) < 0 } ?? true) && entry.key.starts(with: prefix ?? [])
    }.sorted { order.compare($0.key, $1.key) < 0 }
    var cursor =
      if let prefix {
        try database.cursor(prefix: prefix, in: family(name), at: moment?.snapshot)
      } else {
        try database.cursor(in: family(name), at: moment?.snapshot, from: bounds.0, to: bounds.1)
      }
    var place: Int? = nil
    for _ in 0..<(3 + random.below(12)) {
      let target = key()
      switch random.below(8) {
      case 0:
        try cursor.seekToFirst()
        place = wanted.isEmpty ? nil : 0
      case 1:
        try cursor.seekToLast()
        place = wanted.isEmpty ? nil : wanted.count - 1
      case 2:
        try cursor.seek(target)
        place = wanted.firstIndex { order.compare($0.key, target) >= 0 }
      case 3:
        try cursor.seek(atOrBefore: target)
        place = wanted.lastIndex { order.compare($0.key, target) <= 0 }
      case 4, 5:
        guard let now = place else { continue }
        try cursor.next()
        place = now + 1 < wanted.count ? now + 1 : nil
      default:
        guard let now = place else { continue }
        try cursor.previous()
        place = now > 0 ? now - 1 : nil
      }
      expect(cursor.isValid ? [UInt8](cursor.key) : nil, place.map { wanted[$0].key }, "key of a cursor")
      if cursor.isValid { expect([UInt8](cursor.value), place.map { wanted[$0].value }, "value of a cursor") }
      if !failures.isEmpty { return }
    }
  }

  private func takeSnapshot() {
    guard snapshots.count < 6 else { return }
    snapshots.append((database.snapshot(), contents))
  }

  private func dropSnapshot() {
    if !snapshots.isEmpty { snapshots.remove(at: random.below(snapshots.count)) }
  }

  private func transaction() throws {
    let transaction = database.transaction()
    let isDisturbed = random.below(3) == 0
    let before = contents
    var keys: [(String, [UInt8])] = []
    for _ in 0..<(1 + random.below(4)) {
      let (name, key) = (name(), key())
      keys.append((name, key))
      expect(try transaction.getForUpdate(key, in: family(name)), contents[name]?[key], "read of a transaction")
      let value = value()
      try transaction.put(key, value, in: family(name))
      contents[name]?[key] = value
    }
    if isDisturbed {
      let (name, key) = keys[random.below(keys.count)]
      contents = before
      try database.delete(key, in: family(name))
      contents[name]?[key] = nil
      do throws(DatabaseError) {
        try transaction.commit()
        failures.append("a conflict was not seen")
      } catch {
        if error.kind != .conflict { throw error }
      }
    } else {
      try transaction.commit()
    }
  }

  private func compact() throws {
    var (from, to) = (key(), key())
    if setting.order.compare(from, to) > 0 { swap(&from, &to) }
    let isAll = random.below(2) == 0
    try database.compactRange(from: isAll ? nil : from, to: isAll ? nil : to, in: family(name()))
  }

  private func changeFamilies() throws {
    let name = ["one", "two"][random.below(2)]
    if let there = database.family(named: name) {
      try database.dropFamily(there)
      contents[name] = nil
      snapshots = []
    } else {
      _ = try database.createFamily(name)
      contents[name] = [:]
      snapshots = []
    }
  }

  private func reopen() throws {
    try close()
    database = try Database.open(path, options: setting.options, in: fileSystem)
    let names = Set(database.families.map(\.name))
    if names != Set(contents.keys) { failures.append("families \(names) instead of \(contents.keys)") }
  }

  /// Everything, forward.
  func compareAll() throws {
    for (name, wanted) in contents.sorted(by: { $0.key < $1.key }) {
      let sorted = wanted.sorted { setting.order.compare($0.key, $1.key) < 0 }
      var cursor = try database.cursor(in: family(name))
      try cursor.seekToFirst()
      var count = 0
      while cursor.isValid, count < sorted.count, failures.isEmpty {
        expect([UInt8](cursor.key), sorted[count].key, "key of a scan of \(name)")
        expect([UInt8](cursor.value), sorted[count].value, "value of a scan")
        count += 1
        try cursor.next()
      }
      if count != sorted.count || cursor.isValid { failures.append("a scan of \(name) gave not what it should") }
    }
  }

  // MARK: Choices

  private func expect(_ got: [UInt8]?, _ wanted: [UInt8]?, _ what: String) {
    history.add(got)
    if got != wanted {
      failures.append("\(what): \(got.map { "\($0)" } ?? "nothing") instead of \(wanted.map { "\($0)" } ?? "nothing")")
    }
  }

  private func family(_ name: String) -> LiveFamily? { name == "default" ? nil : database.family(named: name) }

  private func name() -> String {
    let names = contents.keys.sorted()
    return random.below(3) > 0 ? "default" : names[random.below(names.count)]
  }

  private func moment() -> (snapshot: Snapshot, contents: [String: Contents])? {
    snapshots.isEmpty || random.below(2) == 0 ? nil : snapshots[random.below(snapshots.count)]
  }

  private func key() -> [UInt8] {
    let length = 1 + random.below(3)
    return (0..<length).map { _ in [0x00, 0x61, 0x62, 0x7F, 0x80, 0xFF][random.below(6)] }
  }

  private func value() -> [UInt8] {
    let length = random.below(30) == 0 ? 2000 : random.below(60)
    return (0..<length).map { _ in UInt8(random.below(8)) }
  }
}

extension SeededRandom {
  fileprivate mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}
