/// One table to be written: options, entries and tombstones, and what a database must show once it has them. The cases
/// are generated from a seed, so a failure is replayed by its number.
public import SofaDB

public struct TableCase: Sendable, CustomStringConvertible {
  public struct Entry: Sendable {
    public var userKey: [UInt8]
    public var sequence: SequenceNumber
    public var kind: EntryKind
    public var value: [UInt8]

    public init(userKey: [UInt8], sequence: SequenceNumber, kind: EntryKind, value: [UInt8]) {
      self.userKey = userKey
      self.sequence = sequence
      self.kind = kind
      self.value = value
    }
  }

  /// What the keys look like.
  public enum Shape: String, CaseIterable, Sendable {
    case single, emptyKey, oneByte, nestedPrefixes, highBytes, longKeys, hugeValues, dense, sparse, emptyValues
    case tombstones, merges, rangesOnly, ranges, incompressible
  }

  public let number: Int
  public let shape: Shape
  public var options: TableOptions
  public private(set) var entries: [Entry]
  public private(set) var tombstones: [RangeTombstone]

  public var description: String {
    "table \(number): \(shape), \(options.compression.name), \(options.checksum), v\(options.formatVersion), "
      + "blocks of \(options.blockSize), \(options.filterBitsPerKey) bits, index \(options.indexType)"
      + "\(options.indexKeysAreUserKeys ? " user keys" : "")\(options.indexValuesAreDeltaCoded ? " deltas" : "")"
      + "\(options.hashesDataBlocks ? " hashed" : "") \(options.order.kind)"
  }

  /// Case `number` of an endless series; every shape and codec comes round with every checksum and version.
  public init(_ number: Int, external: Bool = true) {
    var random = SeededRandom(seed: UInt64(number) &* 0x9E37_79B9 &+ 7)
    self.number = number
    shape = Shape.allCases[number % Shape.allCases.count]
    options = TableCase.options(number, &random)
    options.external = external
    entries = TableCase.entries(shape, &random)
    tombstones = TableCase.tombstones(shape, &random)
    let order = options.order
    entries.sort { order.compare($0.userKey, $1.userKey) < 0 }
    if order == .reverseBytewise {
      tombstones = tombstones.map { RangeTombstone(begin: $0.end, end: $0.begin, sequence: $0.sequence) }
    }
    if !external { addVersions(&random) }
  }

  private static func options(_ number: Int, _ random: inout SeededRandom) -> TableOptions {
    var options = TableOptions()
    options.compression = [.none, .lz4, .zstd, .zlib, .lz4hc][number % 5]
    options.checksum = [.crc32c, .xxHash32, .xxHash64, .xxh3][number % 4]
    options.formatVersion = 2 + number % 6
    options.blockSize = [4096, 256, 65536, 1024, 16384, 1].randomElement(using: &random)!
    options.restartInterval = [16, 1, 2, 64].randomElement(using: &random)!
    options.filterBitsPerKey = [10, 0, 4.5, 23].randomElement(using: &random)!
    options.indexRestartInterval = [1, 1, 3, 16].randomElement(using: &random)!
    if Bool.random(using: &random) {
      options.indexType = .twoLevel
      options.partitionSize = [64, 512, 4096].randomElement(using: &random)!
    }
    options.indexKeysAreUserKeys = options.formatVersion >= 3 && Bool.random(using: &random)
    options.indexValuesAreDeltaCoded = options.formatVersion >= 4 && Bool.random(using: &random)
    options.indexShortening = [.separators, .none, .separatorsAndSuccessor].randomElement(using: &random)!
    options.compressesIndex = Bool.random(using: &random)
    options.hashesDataBlocks = Int.random(in: 0..<3, using: &random) == 0
    if number % 4 == 1 { options.trainedDictionarySize = [512, 4096].randomElement(using: &random)! }
    options.order = number % 7 == 6 ? .reverseBytewise : .bytewise
    return options
  }

  private static func entries(_ shape: Shape, _ random: inout SeededRandom) -> [Entry] {
    var keys: Set<[UInt8]> = []
    switch shape {
    case .single: keys = [Array("only".utf8)]
    case .emptyKey: keys = [[], [0], [0, 0], [0xFF]]
    case .oneByte: for byte in 0..<256 { keys.insert([UInt8(byte)]) }
    case .nestedPrefixes: for length in 0..<300 { keys.insert([UInt8](repeating: 0x61, count: length)) }
    case .highBytes:
      for _ in 0..<600 { keys.insert(random.bytes(Int.random(in: 1...12, using: &random)).map { $0 | 0x80 }) }
    case .longKeys:
      let prefix = random.bytes(10 << 10)
      for _ in 0..<40 { keys.insert(prefix.dropLast(random.below(9000)) + random.bytes(20)) }
    case .hugeValues, .rangesOnly: break
    case .sparse: for _ in 0..<300 { keys.insert(random.bytes(Int.random(in: 0...40, using: &random))) }
    default: for index in 0..<1000 { keys.insert(Array("user\(1_000_000 + index * 7)".utf8)) }
    }
    if shape == .hugeValues { keys = [Array("huge".utf8), Array("large".utf8), Array("small".utf8)] }
    return keys.sorted { $0.lexicographicallyPrecedes($1) }.map { entry(shape, $0, &random) }
  }

  private static func entry(_ shape: Shape, _ key: [UInt8], _ random: inout SeededRandom) -> Entry {
    var kind = EntryKind.value
    if shape == .tombstones || shape == .ranges {
      kind = [.value, .deletion].randomElement(using: &random)!
    }
    if shape == .merges { kind = [.value, .merge, .deletion].randomElement(using: &random)! }
    var value: [UInt8] = []
    switch shape {
    case .emptyValues: break
    case .hugeValues where key.count == 4: value = [UInt8](repeating: 0x41, count: 20 << 20)
    case .hugeValues where key.count == 5: value = random.bytes(1 << 20) + random.bytes(1 << 19)
    case .incompressible: value = random.bytes(100)
    default:
      // Half of it compresses.
      value = random.bytes(random.below(60))
      value += [UInt8](repeating: 0x2E, count: value.count)
    }
    return Entry(userKey: key, sequence: 0, kind: kind, value: kind == .deletion ? [] : value)
  }

  private static func tombstones(_ shape: Shape, _ random: inout SeededRandom) -> [RangeTombstone] {
    guard shape == .rangesOnly || shape == .ranges else { return [] }
    var found: [RangeTombstone] = []
    while found.count < 30 {
      let ends = (0..<2).map { _ in Array("user\(1_000_000 + random.below(11_000))".utf8) }
        .sorted { $0.lexicographicallyPrecedes($1) }
      if ends[0] != ends[1] { found.append(RangeTombstone(begin: ends[0], end: ends[1], sequence: 0)) }
    }
    return found
  }

  /// Gives every entry a sequence number and some keys older versions, so that a key spans blocks.
  private mutating func addVersions(_ random: inout SeededRandom) {
    var all: [Entry] = []
    for entry in entries {
      var sequence = SequenceNumber(1_000_000 + random.below(1000))
      let versions = entry.value.count > 1000 ? 1 : (random.below(40) == 0 ? 30 : 1 + random.below(2))
      for version in 0..<versions {
        var copy = entry
        copy.sequence = sequence
        if version % 3 == 2 { (copy.kind, copy.value) = (.deletion, []) }
        all.append(copy)
        sequence -= SequenceNumber(1 + random.below(1000))
      }
    }
    entries = all
    for index in tombstones.indices { tombstones[index].sequence = SequenceNumber(random.below(2_000_000)) }
  }

  /// The live pairs of a database that holds this table and nothing else, in its order. Merge operands are joined with
  /// commas. A tombstone covers what is older than it, so in an external table nothing.
  public var live: [(key: [UInt8], value: [UInt8])] {
    var found: [(key: [UInt8], value: [UInt8])] = []
    var index = 0
    while index < entries.count {
      let key = entries[index].userKey
      let versions = entries[index...].prefix { $0.userKey == key }
      index += versions.count
      let covered = tombstones.filter {
        options.order.compare($0.begin, key) <= 0 && options.order.compare(key, $0.end) < 0
      }
      let horizon = covered.map(\.sequence).max() ?? 0
      let visible = versions.prefix { $0.sequence >= horizon && $0.kind != .deletion }
      let operands = visible.prefix { $0.kind == .merge }
      let base = visible.dropFirst(operands.count).first
      let parts = operands.map(\.value) + (base.map { [$0.value] } ?? [])
      if !parts.isEmpty { found.append((key, [UInt8](parts.reversed().joined(separator: [0x2C])))) }
    }
    return found
  }

  /// Takes other entries, in the order of the options, and no tombstones.
  public mutating func replaceEntries(_ entries: [Entry]) {
    self.entries = entries
    tombstones = []
  }

  /// How many pairs live, and their digest as the fixtures define it.
  public var liveDigest: (entries: Int, digest: [UInt8]) {
    let live = live
    return (live.count, TableCase.stream(live).withUnsafeBytes { SHA256.digest($0) })
  }

  /// Pairs as digests and the driver's `scan` take them: each key and value behind its length, fixed32.
  public static func stream(_ pairs: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var output = ByteWriter(capacity: 4096)
    for pair in pairs {
      for bytes in [pair.key, pair.value] {
        output.appendFixed32(UInt32(bytes.count))
        output.append(bytes)
      }
    }
    return output.array
  }

  /// Makes the empty directory a database with this table in `level`.
  public func writeDatabase(in directory: any Directory, level: Int) throws {
    let summary = try write(DatabaseFile.table(9).name, in: directory)
    let table = TableMetadata(
      number: 9, level: level, size: summary.fileSize, smallest: summary.smallest, largest: summary.largest,
      smallestSequence: summary.smallestSequence, largestSequence: summary.largestSequence, epoch: 1)
    let family = ColumnFamily(
      id: 0, name: "default", comparator: options.order.name, logNumber: 0, tables: [table])
    let version = Version(families: [family], lastSequence: summary.largestSequence, nextFileNumber: 10)
    try ManifestWriter.write(version, as: DatabaseFile.manifest(5).name, in: directory)
    try CurrentFile.replace(directory, manifest: 5)
  }

  /// Writes it to `name` in `directory`.
  @discardableResult
  public func write(_ name: String, in directory: any Directory) throws -> TableSummary {
    try write(to: try directory.create(name))
  }

  /// Writes it to an empty file, by both ways of adding entries.
  @discardableResult
  public func write(
    to file: any AppendFile, syncing: Bool = false, pool: CompressionPool? = nil
  ) throws -> TableSummary {
    let writer = try TableWriter(file: file, options: options, pool: pool)
    for (index, entry) in entries.enumerated() {
      try entry.userKey.withUnsafeBytes { key in
        try entry.value.withUnsafeBytes { value in
          if index % 2 == 0 {
            try writer.add(userKey: key, sequence: entry.sequence, kind: entry.kind, value: value)
          } else {
            let internalKey = InternalKey(userKey: entry.userKey, sequence: entry.sequence, kind: entry.kind)
            try internalKey.bytes.withUnsafeBytes { try writer.add(internalKey: $0, value: value) }
          }
        }
      }
    }
    for tombstone in tombstones { try writer.addRangeTombstone(tombstone) }
    return try writer.finish(syncing: syncing)
  }
}

extension SeededRandom {
  /// 0..<limit.
  public mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      var left = UInt64(0)
      for index in 0..<count {
        if index % 8 == 0 { left = next() }
        buffer[index] = UInt8(truncatingIfNeeded: left)
        left >>= 8
      }
      filled = count
    }
  }
}
