/// Reads every byte of one table once and says what is wrong with it.
///
/// 1. Footer, metaindex, properties, index: the map of all blocks. Nothing stops at the first damage that can be
///    walked around.
/// 2. One pass over the file in pieces: every block's checksum while it is hot; at `full`, its entries too.
/// 3. What was counted is held against the properties and against the MANIFEST.
///
/// Used by one thread. Throws only what the disk throws; everything else is a finding.
final class TableAudit {
  private let file: any RandomAccessFile
  /// In its directory.
  private let name: String
  private let metadata: TableMetadata?
  private let family: String?
  private let level: VerifyLevel
  private let order: KeyOrder?
  private let progress: (UInt64) -> Void

  private(set) var findings: [Finding] = []
  /// Counted at `full`; nil when the table could not be walked.
  private(set) var facts: TableFacts?
  /// Bytes that were read and judged.
  private(set) var bytesChecked: UInt64 = 0
  private var properties: TableProperties?

  /// `order`: the family's; nil takes the table's own. `progress` is told of every piece, in bytes.
  init(
    _ file: any RandomAccessFile, name: String, metadata: TableMetadata?, family: String?, order: KeyOrder?,
    level: VerifyLevel,
    progress: @escaping (UInt64) -> Void = { _ in }
  ) {
    self.file = file
    self.name = name
    self.metadata = metadata
    self.family = family
    self.order = order
    self.level = level
    self.progress = progress
  }

  func run() throws(DatabaseError) {
    if let metadata, metadata.size != file.size {
      var finding = finding(.fileSize, detail: "the file's size is not the one that the MANIFEST records")
      (finding.stored, finding.computed) = ("\(metadata.size)", "\(file.size)")
      findings.append(finding)
    }
    guard let table = try attempt({ () throws(DatabaseError) in try TableFile(self.file) }, block: .footer) else {
      return judgeAll()
    }
    checkFooter(table)
    guard let metaIndex = try attempt({ () throws(DatabaseError) in try table.readMetaIndex() }, block: .metaindex)
    else {
      return judgeAll()
    }
    let found = try attempt({ () throws(DatabaseError) in try table.readProperties(metaIndex) }, block: .properties)
    properties = found ?? nil
    if level == .quick {
      bytesChecked = file.size
      return
    }
    if metaIndex.properties == nil, !table.footer.isLegacy {
      findings.append(
        finding(.tableProperties, block: .metaindex, detail: "it has no properties, which only LevelDB's tables lack"))
    }
    guard let format = indexFormat(metaIndex) else { return judgeAll() }
    let map = TableMap(table, metaIndex: metaIndex, format: format)
    for problem in map.problems { try note(problem.error, problem.kind.findingKind, table, problem.handle) }
    try pass(table, metaIndex, map)
  }

  /// What could not be looked into further still counts as seen: the finding says so.
  private func judgeAll() {
    bytesChecked = file.size
    progress(file.size)
  }

  private func indexFormat(_ metaIndex: MetaIndex) -> IndexFormat? {
    // Without properties the index may have any form; only LevelDB's tables have none by right.
    guard let properties else { return metaIndex.properties == nil ? IndexFormat() : nil }
    do throws(FormatError) { return try IndexFormat(properties) } catch {
      findings.append(finding(.tableUnsupported, block: .properties, detail: "\(error.reason)"))
      return nil
    }
  }

  // MARK: The pass

  private func pass(_ table: TableFile, _ metaIndex: MetaIndex, _ map: TableMap) throws(DatabaseError) {
    let tombstones =
      try attempt(
        { () throws(DatabaseError) in try table.readRangeDeletions(metaIndex) }, block: .rangeDeletion) ?? []
    let dictionary =
      try attempt(
        { () throws(DatabaseError) in try table.readDictionary(metaIndex) }, block: .dictionary) ?? nil
    let order = effectiveOrder()
    let filter = FilterAudit(table, metaIndex, properties, map, order: order ?? .bytewise)
    var entries = EntryAudit(
      order: order, globalSequence: globalSequence(), separatorsAreUserKeys: properties?.indexKeysAreUserKeys ?? false,
      filter: filter)
    var blocks = TablePass(table, map, dictionary: dictionary)
    var isWhole = map.problems.isEmpty
    while let block = try blocks.next() {
      progress(block.bytes)
      bytesChecked += block.bytes
      if let flaw = try blocks.checksumFlaw() {
        if block.kind == .data { isWhole = false }
        if block.kind == .properties, acceptsOverwrittenSequence(table, block.handle) { continue }
        findings.append(place(flaw, block, map))
        continue
      }
      guard level == .full else { continue }
      guard block.kind == .data, let index = block.dataIndex else {
        if let flaw = checkRestarts(table, block) { findings.append(place(flaw, block, map)) }
        continue
      }
      if let flaw = try checkEntries(&blocks, &entries, block, index, map) {
        if flaw.code != .tableFilterFalseNegative { isWhole = false }
        findings.append(flaw)
      }
    }
    if level == .full {
      for problem in entries.filterProblems { try note(problem.error, .filter, table, problem.handle) }
    }
    if properties?.hasEmbeddedBlobs == true {
      if level == .full { try checkEmbedded(entries.embeddedBlobs, blocks.strayBytes, isWhole: isWhole, table) }
    } else if map.problems.isEmpty {
      for gap in blocks.strayBytes { findings.append(stray(gap)) }
    }
    // The footer and what stands behind the last block.
    let rest = file.size - min(bytesChecked, file.size)
    bytesChecked = file.size
    progress(rest)
    guard level == .full else { return }
    entries.finish(tombstones)
    facts = entries.facts
    if isWhole { compare(entries.facts, tombstones, order) }
  }

  /// Payloads between the data blocks, which only entries lead to; what no entry leads to is stray. No payload is
  /// read twice.
  private func checkEmbedded(
    _ handles: [BlockHandle], _ gaps: [TablePass.Gap], isWhole: Bool, _ table: TableFile
  ) throws(DatabaseError) {
    var floor: UInt64 = 0
    var last: BlockHandle?
    var stray: [TablePass.Gap] = []
    var nextGap = 0
    func passGaps(upTo offset: UInt64) {
      while nextGap < gaps.count, gaps[nextGap].offset < offset {
        let start = max(gaps[nextGap].offset, floor)
        let end = gaps[nextGap].offset + gaps[nextGap].length
        if start < min(end, offset) { stray.append(TablePass.Gap(offset: start, length: min(end, offset) - start)) }
        guard end <= offset else { return }
        nextGap += 1
      }
    }
    for handle in handles.sorted(by: { ($0.offset, $0.size) < ($1.offset, $1.size) }) where handle != last {
      last = handle
      do throws(DatabaseError) {
        guard handle.offset >= floor else {
          throw DatabaseError(.corruption, offset: handle.offset, "an embedded blob lies over another one")
        }
        try table.check(handle, kind: .embeddedBlob)
        passGaps(upTo: handle.offset)
        floor = handle.end ?? floor
        _ = try table.readEmbeddedBlob(offset: handle.offset, size: handle.size)
      } catch {
        guard error.kind == .corruption || error.kind == .unsupported else { throw error }
        findings.append(
          Finding(
            .blockChecksum, file: name, family: family, level: metadata?.level, offset: handle.offset,
            length: handle.size, block: .data, detail: error.detail))
      }
    }
    passGaps(upTo: .max)
    guard isWhole else { return }
    for gap in stray where try !TablePass.isZero(gap, table) { findings.append(self.stray(gap)) }
  }

  /// Other engines look entries of these blocks up by halves; here they were read in sequence.
  private func checkRestarts(_ table: TableFile, _ block: TablePass.Block) -> FlawAt? {
    guard [.metaindex, .properties, .rangeDeletions].contains(block.kind) else { return nil }
    do throws(DatabaseError) {
      let contents = try table.readBlock(block.handle, kind: block.kind)
      defer { withExtendedLifetime(contents) {} }
      do throws(FormatError) {
        var cursor = BlockCursor()
        try cursor.load(contents.bytes)
        try cursor.checkRestarts()
        return nil
      } catch {
        return FlawAt(code: .blockDecode, detail: "\(error)")
      }
    } catch {
      // Whoever reads the block for its content reports that it cannot be read.
      return nil
    }
  }

  private func checkEntries(
    _ blocks: inout TablePass, _ entries: inout EntryAudit, _ block: TablePass.Block, _ index: Int, _ map: TableMap
  ) throws(DatabaseError) -> Finding? {
    let contents: UnsafeRawBufferPointer
    do throws(DatabaseError) { contents = try blocks.contents() } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
      let code: FindingCode = error.kind == .unsupported ? .tableUnsupported : .blockDecode
      return place(FlawAt(code: code, detail: error.detail), block, map)
    }
    let flaw: EntryAudit.Flaw? = map.keys.withUnsafeBytes { keys in
      func key(_ range: Range<Int>?) -> UnsafeRawBufferPointer? {
        range.map { UnsafeRawBufferPointer(rebasing: keys[$0]) }
      }
      let (own, before) = (map.data[index], index == 0 ? nil : map.data[index - 1])
      return entries.check(
        contents, offset: block.handle.offset,
        IndexBounds(
          separatorBefore: key(before?.separator), partitionBefore: key(before?.partition),
          firstKey: key(own.firstKey), separator: key(own.separator), partition: key(own.partition)))
    }
    guard let flaw else { return nil }
    let detail = flaw.entry.map { "\(flaw.detail) (byte \($0) of the uncompressed block)" } ?? flaw.detail
    return place(FlawAt(code: flaw.code, detail: detail), block, map)
  }

  /// The order of keys as stored: without timestamps where they were stripped; nil when it is not known.
  private func effectiveOrder() -> KeyOrder? {
    let own = properties?.comparator.map { KeyOrder(name: $0) }
    let wanted = order ?? own ?? .bytewise
    if let own, let order, own != order {
      findings.append(
        finding(.tableProperties, block: .properties, detail: "the table's comparator is not its family's"))
    }
    guard wanted.isKnown else {
      findings.append(
        finding(
          .envComparatorUnknown,
          detail: "the comparator \(EscapedText.printable(wanted.name)) is not known: order was not checked"))
      return nil
    }
    guard wanted.timestampSize > 0, properties?.timestampsPersisted == false else { return wanted }
    return wanted.kind == .bytewiseU64ts ? .bytewise : .reverseBytewise
  }

  private func globalSequence() -> SequenceNumber? {
    guard let properties else { return nil }
    let largest = metadata.flatMap { $0.hasSequences ? $0.largestSequence : nil }
    do throws(FormatError) {
      let sequence = try GlobalSequence.resolve(properties, largest: largest)
      return sequence == 0 ? nil : sequence
    } catch {
      findings.append(finding(.manifestSequence, block: .properties, detail: "\(error.reason)"))
      return nil
    }
  }

  private func acceptsOverwrittenSequence(_ table: TableFile, _ handle: BlockHandle) -> Bool {
    do throws(DatabaseError) {
      return table.hasOverwrittenSequence(try table.readStored(handle, kind: .properties))
    } catch { return false }
  }

  // MARK: Findings

  private func compare(_ facts: TableFacts, _ tombstones: [RangeTombstone], _ order: KeyOrder?) {
    if let properties {
      for difference in facts.differences(from: properties) {
        var finding = finding(
          .tableProperties, block: .properties, detail: "\(difference.name) is not what the table holds")
        (finding.stored, finding.computed) = ("\(difference.stored)", "\(difference.counted)")
        findings.append(finding)
      }
    }
    if let metadata, let order {
      findings += metadata.differences(from: facts, tombstones: tombstones, order: order).map {
        self.finding($0.code, detail: $0.detail)
      }
    }
  }

  private func checkFooter(_ table: TableFile) {
    let footer = table.footer
    if footer.checksum == .none {
      findings.append(
        finding(.tableNoChecksum, block: .footer, detail: "its blocks carry no checksums: damage cannot be seen"))
    }
    guard let flaw = FooterPadding.flaw(file, footer) else { return }
    findings.append(
      Finding(
        .blockDecode, severity: .warning, file: name, family: family, level: metadata?.level,
        offset: footer.offset, length: UInt64(footer.size), block: .footer, detail: flaw))
  }

  private func stray(_ gap: TablePass.Gap) -> Finding {
    Finding(
      .blockDecode, severity: .warning, file: name, family: family, level: metadata?.level, offset: gap.offset,
      length: gap.length, detail: "bytes other than zero that belong to no block")
  }

  private func place(_ flaw: FlawAt, _ block: TablePass.Block, _ map: TableMap) -> Finding {
    var finding = Finding(
      flaw.code, file: name, family: family, level: metadata?.level, offset: block.handle.offset,
      length: block.handle.size, block: block.kind.findingKind, detail: flaw.detail)
    finding.stored = flaw.stored
    finding.computed = flaw.computed
    finding.cause = flaw.cause
    if let index = block.dataIndex { (finding.from, finding.to) = map.bounds(index, properties) }
    return finding
  }

  private func finding(_ code: FindingCode, block: Finding.BlockKind? = nil, detail: String) -> Finding {
    Finding(code, file: name, family: family, level: metadata?.level, block: block, detail: detail)
  }

  /// Runs one step; damage becomes a finding and nil, a failing disk is thrown.
  private func attempt<T>(
    _ step: () throws(DatabaseError) -> T, block: Finding.BlockKind
  ) throws(DatabaseError) -> T? {
    do throws(DatabaseError) { return try step() } catch {
      try note(error, block, nil, nil)
      return nil
    }
  }

  private func note(
    _ error: DatabaseError, _ block: Finding.BlockKind?, _ table: TableFile?, _ handle: BlockHandle?
  ) throws(DatabaseError) {
    guard error.kind == .corruption || error.kind == .unsupported else { throw error }
    let code: FindingCode =
      error.kind == .unsupported
      ? .tableUnsupported
      : block == .footer
        ? FooterPadding.code(file)
        : error.detail.contains("checksum mismatch") ? .blockChecksum : .blockDecode
    // A damaged block is met again, and named, by the pass over all blocks.
    if table != nil, code == .blockChecksum { return }
    findings.append(
      Finding(
        code, file: name, family: family, level: metadata?.level, offset: error.offset, length: handle?.size,
        block: block, detail: error.detail))
  }
}

/// What is wrong with a block, without its place.
struct FlawAt {
  var code: FindingCode
  var detail: String
  var stored: String?
  var computed: String?
  var cause: String?
}
