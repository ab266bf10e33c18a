/// What an offline compaction would do: a value that can be printed, made without writing anything.
public struct CompactPlan: Sendable {
  /// How new tables differ from what the database's own say; nil leaves that as it is.
  public struct Overrides: Sendable {
    public var compression: Compression?
    public var level: Int?
    public var blockSize: Int?
    public var filterBits: Double?
    public var formatVersion: Int?
    public var checksum: ChecksumType?
    public var targetFileSize: UInt64?

    public init() {}

    func apply(to style: inout TableStyle) {
      if let compression { (style.options.compression, style.options.level) = (compression, level) }
      if let blockSize { style.options.blockSize = blockSize }
      if let filterBits { style.options.filterBitsPerKey = filterBits }
      if let formatVersion, !style.options.isLevelDB { style.options.formatVersion = formatVersion }
      if let checksum { style.options.checksum = checksum }
      if let targetFileSize { style.targetFileSize = targetFileSize }
    }
  }

  public let version: Version
  public let steps: [CompactStep]
  /// Tables that were asked for and are left as they are, because rewriting them would change nothing.
  public let skipped: Int
  let file: OptionsFile?

  /// Bytes of all input files.
  public var size: UInt64 { steps.reduce(0) { $0 &+ $1.size } }

  /// Reads the newest OPTIONS and a table of each family besides what `version` says.
  public init(
    _ version: Version, _ selection: CompactSelection, overrides: Overrides, in directory: any ReadableDirectory
  ) throws(DatabaseError) {
    self.version = version
    file = try OptionsFile.newest(in: directory)?.options
    let cache = TableCache(directory: directory)
    try CompactPlan.checkNames(selection, version)
    var steps: [CompactStep] = []
    var skipped = 0
    for family in version.families where selection.takes(family) && family.tableCount > 0 {
      let levelCount = file?.family(named: family.name)?.levelCount ?? ColumnFamily.usualLevels
      try CompactPlan.checkStyle(file?.family(named: family.name), family)
      let output = selection.outputLevel(of: family, levelCount: levelCount)
      guard output < max(levelCount, family.levels.count), output < VersionEdit.levelLimit else {
        throw DatabaseError(.invalid, "family \(EscapedText.printable(family.name)) has no level \(output)")
      }
      let asked = selection.tables(of: family, outputLevel: output)
      if asked.isEmpty { continue }
      let chosen = CompactionInputs(family, outputLevel: output).closed(asked)
      let isBottom = !family.levels.dropFirst(output + 1).contains { !$0.isEmpty }
      var style = try TableStyle(
        family, level: output, isBottom: isBottom, dialect: version.dialect, file: file, cache: cache)
      overrides.apply(to: &style)
      try style.options.validate()
      for group in CompactStep.groups(chosen, of: family, outputLevel: output) {
        let inputs = family.tables.filter { group.contains($0.number) }
        if try CompactPlan.isDone(inputs, output, selection, family, cache) {
          skipped += inputs.count
        } else {
          steps.append(CompactStep(family: family, inputs: inputs, outputLevel: output, style: style))
        }
      }
    }
    self.steps = steps
    self.skipped = skipped
  }

  private static func checkNames(_ selection: CompactSelection, _ version: Version) throws(DatabaseError) {
    for name in selection.families ?? [] where version.family(named: name) == nil {
      throw DatabaseError(.invalid, "there is no column family \(EscapedText.printable(name))")
    }
    let known = Set(version.families.lazy.filter(selection.takes).flatMap { $0.tables.map(\.number) })
    for number in (selection.files ?? []).sorted() where !known.contains(number) {
      throw DatabaseError(.invalid, "\(DatabaseFile.table(number).name) is no table of the selected families")
    }
  }

  private static func checkStyle(
    _ options: OptionsFile.Family?, _ family: ColumnFamily
  ) throws(DatabaseError) {
    let name = EscapedText.printable(family.name)
    guard family.order.isKnown else {
      throw DatabaseError(
        .unsupported, "the comparator \(EscapedText.printable(family.order.name)) of family \(name) is not known")
    }
    if options?.options["compaction_style"] == "kCompactionStyleFIFO" {
      throw DatabaseError(.unsupported, "family \(name) has FIFO compaction, which keeps all tables in level 0")
    }
  }

  /// Whether rewriting would only copy: all inputs are in the output level already.
  private static func isDone(
    _ inputs: [TableMetadata], _ output: Int, _ selection: CompactSelection, _ family: ColumnFamily,
    _ cache: TableCache
  ) throws(DatabaseError) -> Bool {
    guard output > 0, selection.bottom != .force, inputs.allSatisfy({ $0.level == output }) else { return false }
    if selection.bottom == .skip { return true }
    for table in inputs {
      let properties = try cache.reader(table, order: family.order).properties
      // LevelDB's tables do not tell.
      if properties.all.isEmpty || properties.deletionCount > 0 || properties.mergeOperandCount > 0 { return false }
    }
    return true
  }
}
