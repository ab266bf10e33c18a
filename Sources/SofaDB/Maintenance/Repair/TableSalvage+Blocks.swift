/// Step 4: which data blocks are good, and what lies between the keys around the others.
extension TableSalvage {
  /// A run of bad blocks until the next good one.
  private struct Hole {
    var offset: UInt64
    var end: UInt64
    var after: [UInt8]?
    var causes: [String]
    /// Behind the last data block there may be other blocks.
    var mayBeOther: Bool
  }

  private enum Verdict {
    case good(DataBlockEntries)
    case bad(String)
  }

  mutating func check(_ candidates: [Candidate]) throws(DatabaseError) {
    let chosen = try chain(candidates)
    var hole: Hole?
    var last: [UInt8]?
    for (index, candidate) in candidates.enumerated() {
      let verdict = chosen[index] ? try judge(candidate, after: last) : .bad("holds keys of another place")
      switch verdict {
      case .good(let entries):
        if let hole { close(hole, before: rescue.seen(entries.first).userKey) }
        hole = nil
        rescue.take(entries, at: candidate.handle)
        last = entries.last
      case .bad(let cause):
        let end = candidate.handle.offset &+ candidate.handle.size
        if hole == nil {
          hole = Hole(
            offset: candidate.handle.offset, end: end, after: last.map { rescue.seen($0).userKey }, causes: [],
            mayBeOther: !candidate.isBlock)
        }
        hole?.end = end
        hole?.causes.append(cause)
        if candidate.isBlock { hole?.mayBeOther = false }
      }
    }
    if let hole { close(hole, before: nil) }
    if isTruncated { loseTail(after: last) }
    settleCounts()
    try checkEmbeddedBlobs()
    rescue.includeTombstones()
  }

  private var isTruncated: Bool { isCut && metadata.map { $0.size > original.size } ?? true }

  // MARK: One block

  private mutating func judge(_ candidate: Candidate, after last: [UInt8]?) throws(DatabaseError) -> Verdict {
    guard candidate.isBlock else {
      let gap = TablePass.Gap(offset: candidate.handle.offset, length: candidate.handle.size)
      return .bad(try TablePass.isZero(gap, table) ? "zeros where blocks should be" : "no block can be made out")
    }
    let table = table
    let handle = candidate.handle
    guard let block = try attempt({ () throws(DatabaseError) in try table.readStored(handle, kind: .data) }) else {
      return .bad("the file ends before it")
    }
    if block.trailer.compressionByte == Compression.snappy.rawValue { rescue.usesSnappy = true }
    if block.isIntact {
      do throws(DatabaseError) { return .good(try read(candidate, in: table, after: last)) } catch {
        guard error.kind == .corruption else { throw error }
        return .bad(misplaced(candidate) ?? error.detail)
      }
    }
    table.file.dropCache(offset: handle.offset, length: handle.size + UInt64(BlockTrailer.size))
    let again = try table.readStored(handle, kind: .data)
    if again.isIntact {
      rescue.remarks.append("a data block at \(handle.offset) was read wrongly once and rightly then")
      if let entries = try attempt({ () throws(DatabaseError) in try self.read(candidate, in: table, after: last) }) {
        return .good(entries)
      }
    }
    let judge = self
    let isMended = try mend(handle, .data) { (table) throws(DatabaseError) in
      try judge.read(candidate, in: table, after: last).count > 0
    }
    if isMended, let entries = try reread(candidate, after: last) { return .good(entries) }
    return .bad(cause(block))
  }

  private func reread(_ candidate: Candidate, after last: [UInt8]?) throws(DatabaseError) -> DataBlockEntries? {
    let table = table
    return try attempt { () throws(DatabaseError) in try self.read(candidate, in: table, after: last) }
  }

  /// The entries of a block whose checksum holds; throws when they do not decode or do not belong there.
  private func read(
    _ candidate: Candidate, in table: TableFile, after last: [UInt8]?
  ) throws(DatabaseError) -> DataBlockEntries {
    let order = rescue.storedOrder
    let content = try table.readBlock(
      candidate.handle, kind: .data, dictionary: rescue.dictionary, decompressor: decompressor)
    defer { withExtendedLifetime(content) {} }
    do throws(FormatError) {
      let entries = try DataBlockEntries(content.bytes, order: order.isKnown ? order : nil)
      guard entries.count > 0 else { throw FormatError("no entry in it") }
      guard order.isKnown else { return entries }
      if let last, compare(last, entries.first) >= 0 { throw FormatError("its keys belong before it") }
      if let separator = candidate.separatorBefore, compare(separator: separator, entries.first) >= 0 {
        throw FormatError("its keys belong before it")
      }
      if let separator = candidate.separator, compare(separator: separator, entries.last) < 0 {
        throw FormatError("its keys belong behind it")
      }
      return entries
    } catch {
      throw table.corruption(error, .data, at: candidate.handle)
    }
  }

  private func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
    let order = rescue.storedOrder
    return a.withUnsafeBytes { left in b.withUnsafeBytes { order.compareInternal(left, $0) } }
  }

  /// As `EntryAudit` does: a user-key separator stands behind every version of its key.
  private func compare(separator: [UInt8], _ key: [UInt8]) -> Int {
    if rescue.properties?.indexKeysAreUserKeys == true {
      return rescue.storedOrder.compare(separator, Array(key.dropLast(8)))
    }
    return separator.count >= 8 ? compare(separator, key) : -1
  }

  private func cause(_ block: StoredBlock) -> String {
    if block.bytes.allSatisfy({ $0 == 0 }) { return "it reads as zeros" }
    let base = table.footer.contextBase
    if base != 0 {
      let plain = table.footer.checksum.blockChecksum(block.bytes, type: block.trailer.compressionByte)
      let origin = UInt64((block.trailer.checksum &- plain) ^ base)
      if origin < table.footer.offset, origin != block.handle.offset { return "it was written for offset \(origin)" }
    }
    if let run = zeroRun(block.bytes) { return "\(run) bytes of it read as zeros" }
    return "its bytes do not fit its checksum"
  }

  /// The length of the longest run of zeros, when it is as long as what disks lose at once.
  private func zeroRun(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var longest = 0
    var run = 0
    for byte in bytes {
      run = byte == 0 ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest >= 512 ? longest : nil
  }

  /// Whether an intact block that does not belong where it is has a twin elsewhere in the file.
  private func misplaced(_ candidate: Candidate) -> String? {
    guard candidate.separator != nil else { return nil }
    return "it checks, and its keys are not those of its place: a misplaced write, or an older content"
  }

  // MARK: Blocks in key order

  /// Which candidates to read: all of them where the index tells their order; else those of the longest chain of blocks
  /// that follow each other, since a single misplaced block must not push out all behind it.
  private func chain(_ candidates: [Candidate]) throws(DatabaseError) -> [Bool] {
    var chosen = [Bool](repeating: true, count: candidates.count)
    guard rescue.storedOrder.isKnown, candidates.contains(where: { $0.isBlock && $0.separator == nil }) else {
      return chosen
    }
    var bounds: [(index: Int, first: [UInt8], last: [UInt8])] = []
    for (index, candidate) in candidates.enumerated() where candidate.isBlock {
      let bare = Candidate(handle: candidate.handle)
      guard let entries = try reread(bare, after: nil) else { continue }
      bounds.append((index, entries.first, entries.last))
    }
    guard !zip(bounds, bounds.dropFirst()).allSatisfy({ compare($0.last, $1.first) < 0 }) else { return chosen }
    // ends[n]: the block that ends the chain of n + 1 blocks with the smallest last key.
    var ends: [Int] = []
    var before = [Int?](repeating: nil, count: bounds.count)
    for place in bounds.indices {
      var low = 0
      var high = ends.count
      while low < high {
        let middle = (low + high) / 2
        if compare(bounds[ends[middle]].last, bounds[place].first) < 0 { low = middle + 1 } else { high = middle }
      }
      before[place] = low == 0 ? nil : ends[low - 1]
      if low == ends.count {
        ends.append(place)
      } else if compare(bounds[place].last, bounds[ends[low]].last) < 0 {
        ends[low] = place
      }
    }
    for bound in bounds { chosen[bound.index] = false }
    var place = ends.last
    while let current = place {
      chosen[bounds[current].index] = true
      place = before[current]
    }
    return chosen
  }

  // MARK: Losses

  private mutating func close(_ hole: Hole, before: [UInt8]?) {
    let first = hole.causes.first ?? ""
    let more = hole.causes.count > 1 ? "\(hole.causes.count) damaged stretches of data, the first: " : "data lost: "
    var loss = loss(.entries, detail: more + first)
    (loss.offset, loss.length) = (hole.offset, hole.end &- hole.offset)
    loss.after = hole.after ?? metadata?.smallest.userKey
    loss.before = before ?? metadata?.largest.userKey
    if before == nil, hole.mayBeOther { loss.detail += "; it may have been filter and index only" }
    rescue.losses.append(loss)
  }

  private mutating func loseTail(after last: [UInt8]?) {
    // Where everything that the properties count is there, nothing lay behind.
    if let count = rescue.properties?.entryCount, count == rescue.entries { return }
    if rescue.losses.last?.before == metadata?.largest.userKey, rescue.losses.last?.kind == .entries { return }
    var loss = loss(.entries, detail: "the file is cut: what lay behind its end is lost")
    loss.offset = original.size
    if let size = metadata?.size, size > original.size { loss.length = size - original.size }
    loss.after = last.map { rescue.seen($0).userKey }
    loss.before = metadata?.largest.userKey
    rescue.losses.append(loss)
  }

  func loss(_ kind: RepairLoss.Kind, detail: String) -> RepairLoss {
    var loss = RepairLoss(kind, file: name, detail: detail)
    loss.family = familyName
    loss.level = metadata?.level
    if let metadata, metadata.hasSequences {
      (loss.firstSequence, loss.lastSequence) = (metadata.smallestSequence, metadata.largestSequence)
    }
    return loss
  }

  /// Holds what is kept against what the properties count.
  private mutating func settleCounts() {
    if let wanted = rescue.properties?.rangeDeletionCount, wanted > 0, rescue.tombstones.isEmpty,
      !rescue.losses.contains(where: { $0.kind == .rangeDeletions })
    {
      var loss = loss(
        .rangeDeletions,
        detail: "the range deletions are lost: what they deleted in older tables becomes visible again")
      (loss.count, loss.isExact, loss.mayResurface) = (wanted, true, true)
      rescue.losses.append(loss)
    }
    if rescue.properties == nil, !rescue.isLevelDB, metaIndex == nil, rescue.tombstones.isEmpty {
      var loss = loss(
        .rangeDeletions,
        detail: "whether it had range deletions cannot be told: what they deleted would become visible again")
      loss.mayResurface = true
      rescue.losses.append(loss)
    }
    guard let properties = rescue.properties, properties[.entryCount] != nil else { return }
    let wanted = properties.entryCount &- min(properties.rangeDeletionCount, properties.entryCount)
    let holes = rescue.losses.indices.filter { rescue.losses[$0].kind == .entries }
    if wanted <= rescue.entries {
      // What could not be made out was no data.
      if wanted == rescue.entries { rescue.losses.removeAll { $0.kind == .entries } }
      return
    }
    for index in holes {
      rescue.losses[index].count = wanted - rescue.entries
      rescue.losses[index].isExact = holes.count == 1
    }
  }

  /// Records between the data blocks that entries refer to: an entry whose record is damaged is lost.
  private mutating func checkEmbeddedBlobs() throws(DatabaseError) {
    guard rescue.hasEmbeddedBlobs else { return }
    var lost: [InternalKey] = []
    var entries = RescuedEntries(rescue)
    for handle in rescue.blocks {
      try entries.visit(handle) { (_, _, _, _) throws(DatabaseError) in
      } lost: {
        lost.append($0)
      }
    }
    for key in lost.prefix(1000) {
      var loss = loss(.entries, detail: "a value that lay between the data blocks")
      (loss.after, loss.before) = (key.userKey, key.userKey)
      (loss.count, loss.isExact) = (1, true)
      rescue.losses.append(loss)
    }
    if lost.count > 1000 {
      var loss = loss(.entries, detail: "more values that lay between the data blocks")
      (loss.count, loss.isExact) = (UInt64(lost.count - 1000), true)
      rescue.losses.append(loss)
    }
  }

  // MARK: The end

  mutating func conclude() throws(DatabaseError) {
    guard !rescue.blocks.isEmpty || !rescue.tombstones.isEmpty else {
      let losses = rescue.losses.filter { $0.kind == .rangeDeletions }
      loseTable()
      rescue.losses += losses
      return
    }
    if rescue.losses.isEmpty, !isCut, try isSoundAsPatched() {
      rescue.verdict = .mended
      return
    }
    guard rescue.order.isKnown else {
      rescue.verdict = .refused(
        "keys are ordered by \(EscapedText.printable(rescue.order.name)), which is not known: no table can be written")
      return
    }
    rescue.verdict = .salvaged
  }

  private mutating func loseTable() {
    rescue.verdict = .lost
    var loss = loss(.table, detail: "no block of data can be read")
    (loss.after, loss.before) = (metadata?.smallest.userKey, metadata?.largest.userKey)
    if let properties = rescue.properties, properties[.entryCount] != nil {
      (loss.count, loss.isExact) = (properties.entryCount, true)
    }
    rescue.losses = [loss]
  }

  /// Whether the file with its patches, or as short as the MANIFEST says, has nothing wrong any more.
  private func isSoundAsPatched() throws(DatabaseError) -> Bool {
    var expected = metadata
    expected?.size = table.file.size
    let audit = TableAudit(
      table.file, name: name, metadata: expected, family: familyName, order: familyOrder, level: .full)
    try audit.run()
    return !audit.findings.contains { $0.severity == .error }
  }
}
