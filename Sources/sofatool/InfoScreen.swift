import CommandKit
import SofaDB

/// The report of `info` as one screen of text.
struct InfoScreen {
  private let report: InspectReport
  private var text = ""

  /// Files of loose tables that are listed one by one.
  private static let listedTables = 40
  private static let listedFindings = 20
  private static let listedFamilies = 40

  init(_ report: InspectReport, title: String) {
    self.report = report
    text = "\(EscapedText.printable(title)): \(headline)\n"
    addFacts()
    addFamilies()
    if report.kind == .looseTables || report.kind == .sofaGo { addTables() }
    addLogs()
    addBlobFiles()
    addFindings()
  }

  var lines: String { text }

  // MARK: Headline and facts

  private var headline: String {
    switch report.kind {
    case .database: "\(engineName) database"
    case .damagedDatabase: "damaged \(engineName) database"
    case .looseTables: report.tables.count == 1 ? "a table of \(engineName)" : "loose tables of \(engineName)"
    case .sofaGo: "database of the Go SofaDB"
    }
  }

  private var engineName: String {
    switch report.engine {
    case .levelDB: "LevelDB"
    case .rocksDB: "RocksDB"
    case .sofaGo: "the Go SofaDB"
    case .unknown: "an unknown engine"
    }
  }

  private mutating func addFacts() {
    var table = TextTable([.left(), .left()])
    func add(_ name: String, _ value: String?) {
      if let value, !value.isEmpty { table.add([name, value]) }
    }
    add("written by", writer)
    add("opens with", compatibility)
    add("identity", report.identity.map { EscapedText.printable($0) })
    add("manifest", manifest)
    add("last sequence", report.lastSequence.map { Quantity.grouped($0) })
    add("created", range(report.created) ?? range(report.modified).map { "\($0) (times of files)" })
    add("tables", totals)
    add("codecs", shares(report.shares(\.codec)) + sampled)
    add("data blocks", blocks)
    add("filters", filters)
    add("format", shares(report.shares { $0.formatVersion.map { "format_version \($0)" } }))
    add("checksums", shares(report.shares { $0.checksum?.name }))
    add("indexes", shares(report.shares(\.index)))
    text += table.text(indent: 2)
  }

  private var writer: String? {
    if let version = report.engineVersion {
      return "RocksDB \(EscapedText.printable(version)) (\(report.optionsName ?? "OPTIONS"))"
    }
    return report.writtenBy.map { "RocksDB \($0.text), by the properties of the newest table" }
  }

  private var compatibility: String? {
    var engines: [String] = []
    if report.engine == .levelDB { engines.append(report.hasLevelDBZstd ? "LevelDB newer than 1.23" : "LevelDB") }
    if !report.hasLevelDBZstd, report.opensFrom != nil || report.opensBefore != nil {
      var text = "RocksDB"
      if let from = report.opensFrom { text += " \(from)" }
      if report.opensFrom != nil { text += report.opensBefore == nil ? " and newer" : " or newer," }
      if let before = report.opensBefore { text += " before \(before)" }
      if let feature = report.features.first { text += " (\(feature.name))" }
      engines.append(text)
    }
    return engines.joined(separator: "; ")
  }

  private var manifest: String? {
    guard let manifest = report.manifest else { return nil }
    let size = Quantity.bytes(manifest.size)
    var text = "\(EscapedText.printable(manifest.name)), \(manifest.records) records, \(size)"
    if manifest.tail != "clean" { text += ", its end is \(manifest.tail)" }
    if !manifest.isCurrent { text += ", not named by CURRENT" }
    return text
  }

  private var totals: String {
    var text = "\(counted(UInt64(report.tables.count), "file")), \(Quantity.bytes(report.tableBytes))"
    let entries = report.sum(\.entries) ?? report.visibleEntries
    let isPartial = report.visibleEntries == nil && report.tables.contains { $0.entries == nil }
    if let entries { text += (isPartial ? ", at least " : ", ") + counted(entries, "entry", "entries") }
    if let deletions = report.sum(\.deletions), deletions > 0 { text += ", " + counted(deletions, "deletion") }
    if let ranges = report.sum(\.rangeDeletions), ranges > 0 { text += " (\(Quantity.grouped(ranges)) of ranges)" }
    if let merges = report.sum(\.mergeOperands), merges > 0 { text += ", " + counted(merges, "merge operand") }
    return text
  }

  private func counted(_ count: UInt64, _ one: String, _ many: String? = nil) -> String {
    "\(Quantity.grouped(count)) \(count == 1 ? one : many ?? one + "s")"
  }

  private func shares(_ shares: [InspectReport.Share]) -> String {
    let total = Double(shares.reduce(UInt64(0)) { $0 &+ $1.bytes })
    return shares.map { share in
      let name = EscapedText.printable(share.name)
      return shares.count == 1 ? name : "\(name) \(Quantity.percent(Double(share.bytes), of: total))"
    }.joined(separator: ", ")
  }

  /// How much of what was looked at is stored as it is, although its table has a codec.
  private var sampled: String {
    let blocks = report.sampledBlocks
    let total = blocks.reduce(UInt64(0)) { $0 &+ $1.bytes }
    guard report.shares(\.codec).contains(where: { $0.name != "none" }), total > 0 else { return "" }
    let plain = blocks.first { $0.codec == "none" }?.bytes ?? 0
    var text = plain == 0 ? "" : "; of a sample \(Quantity.percent(Double(plain), of: Double(total))) is not compressed"
    if let ratio = report.compressionRatio { text += "; ratio \(Quantity.decimal(ratio, digits: 2))" }
    return text
  }

  private var blocks: String? {
    guard let average = report.averageBlock else { return nil }
    var text = "\(Quantity.bytes(average.raw)) raw, \(Quantity.bytes(average.stored)) stored on average"
    let configured = Set(report.families.compactMap(\.blockSize)).sorted()
    if !configured.isEmpty { text += "; configured " + configured.map { Quantity.bytes($0) }.joined(separator: ", ") }
    return text
  }

  private var filters: String {
    report.shares(\.filter).map { share in
      let bits = report.tables.filter { $0.filter == share.name }.compactMap(\.filterBitsPerKey)
      let name = EscapedText.printable(share.name)
      guard let least = bits.min(), let most = bits.max() else { return name }
      let first = Quantity.decimal(least, digits: 1)
      let last = Quantity.decimal(most, digits: 1)
      return "\(name), \(first == last ? first : "\(first) to \(last)") bits a key"
    }.joined(separator: "; ")
  }

  private func range(_ times: ClosedRange<UInt64>?) -> String? {
    guard let times else { return nil }
    let first = UTCTime.text(times.lowerBound)
    return times.lowerBound == times.upperBound ? first : "\(first) to \(UTCTime.text(times.upperBound))"
  }

  // MARK: Families

  private mutating func addFamilies() {
    guard report.kind != .sofaGo else { return }
    for family in report.families.prefix(InfoScreen.listedFamilies) {
      var line = "\nfamily \(EscapedText.printable(family.name))"
      if let comparator = family.comparator { line += ", comparator \(EscapedText.printable(comparator))" }
      if !family.order.isKnown { line += " (not known)" }
      if let name = family.mergeOperator { line += ", merge operator \(EscapedText.printable(name))" }
      if family.pendingEntries > 0 { line += ", \(counted(family.pendingEntries, "entry", "entries")) in logs only" }
      text += line + "\n"
      if family.levels.isEmpty { text += "  no tables\n" } else { text += levels(family) }
    }
    more(report.families.count - InfoScreen.listedFamilies, "families; --json lists all")
  }

  private func levels(_ family: InspectedFamily) -> String {
    var table = TextTable([
      .left("level"), .right("files"), .right("size"), .right("entries"), .right("deletions"), .left("sequences"),
      .left("created"),
    ])
    for level in family.levels {
      let silent = level.silent > 0 && level.entries != nil ? "+" : ""
      table.add([
        level.number.map { "L\($0)" } ?? "-", "\(level.files)", Quantity.bytes(level.bytes),
        level.entries.map { Quantity.grouped($0) + silent } ?? "-",
        level.deletions.map { Quantity.grouped($0) } ?? "-",
        sequences(level.smallestSequence, level.largestSequence), created(level.oldest, level.newest),
      ])
    }
    return table.text(indent: 2)
  }

  private func sequences(_ first: SequenceNumber?, _ last: SequenceNumber?) -> String {
    guard let first, let last else { return "-" }
    return first == last ? "\(first)" : "\(first)..\(last)"
  }

  private func created(_ oldest: UInt64?, _ newest: UInt64?) -> String {
    guard let oldest, let newest else { return "-" }
    return range(oldest...max(oldest, newest)) ?? "-"
  }

  // MARK: Files

  private mutating func addTables() {
    guard !report.tables.isEmpty else { return }
    var table = TextTable([
      .left("table"), .right("size"), .right("entries"), .right("deletions"), .left("codec"), .left("created"),
    ])
    for file in report.tables.prefix(InfoScreen.listedTables) {
      table.add([
        EscapedText.printable(file.name), Quantity.bytes(file.size), file.entries.map { Quantity.grouped($0) } ?? "-",
        file.deletions.map { Quantity.grouped($0) } ?? "-", file.codec.map { EscapedText.printable($0) } ?? "-",
        file.state == .ok ? file.created.map { UTCTime.text($0) } ?? "-" : file.state.rawValue,
      ])
    }
    text += "\n" + table.text(indent: 2)
    more(report.tables.count - InfoScreen.listedTables, "tables; --json lists all")
  }

  private mutating func addLogs() {
    let pending = report.logs.filter(\.isPending)
    guard !pending.isEmpty else { return }
    let bytes = pending.reduce(UInt64(0)) { $0 &+ $1.size }
    let entries = pending.compactMap(\.entries)
    text += "\nlogs: \(pending.count) to replay, \(Quantity.bytes(bytes))"
    if !entries.isEmpty { text += ", \(counted(entries.reduce(0, &+), "entry", "entries")) that no table has" }
    text += "\n"
  }

  private mutating func addBlobFiles() {
    guard !report.blobFiles.isEmpty else { return }
    let values = report.blobFiles.reduce(UInt64(0)) { $0 &+ $1.metadata.count }
    let stored = report.blobFiles.reduce(UInt64(0)) { $0 &+ $1.metadata.bytes }
    let garbage = report.blobFiles.reduce(UInt64(0)) { $0 &+ $1.metadata.garbageBytes }
    let codecs = Set(report.blobFiles.compactMap(\.codec)).sorted().joined(separator: ", ")
    text += "\nblob files: \(report.blobFiles.count), \(Quantity.bytes(report.blobBytes)), "
    text += counted(values, "value")
    if garbage > 0 { text += ", \(Quantity.percent(Double(garbage), of: Double(stored))) garbage" }
    text += codecs.isEmpty ? "\n" : ", \(codecs)\n"
  }

  // MARK: Findings

  private mutating func addFindings() {
    if !report.remarks.isEmpty {
      text += "\nremarks\n"
      for remark in report.remarks { text += "  \(remark.code): \(EscapedText.printable(remark.detail))\n" }
    }
    guard !report.findings.isEmpty else { return }
    text += "\nfindings\n"
    var sorted: [Finding] = []
    for severity in Finding.Severity.allCases.reversed() {
      sorted += report.findings.filter { $0.severity == severity }
    }
    for finding in sorted.prefix(InfoScreen.listedFindings) { text += "  \(finding.line)\n" }
    more(report.findings.count - InfoScreen.listedFindings, "findings; --json lists all")
  }

  private mutating func more(_ count: Int, _ what: String) {
    if count > 0 { text += "  and \(count) more \(what)\n" }
  }
}
