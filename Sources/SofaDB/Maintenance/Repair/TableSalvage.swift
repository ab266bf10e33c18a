/// Takes a damaged table apart and keeps what proves itself.
///
/// 1. The footer: as it is, mended by one bit, or guessed from the first blocks where it is gone.
/// 2. Metaindex, properties, dictionary, range deletions: as they are or mended by one bit.
/// 3. The data blocks: by the index, or by their trailers wherever the index has a hole.
/// 4. Every data block: checksum, contents, order, and its place between the separators. A bad one is mended by one bit
///    if that makes the checksum hold and the entries decode in order between their neighbours; otherwise the interval
///    between the keys around it is lost.
///
/// Bits are mended only where one single flip passes both tests, and only in a copy. One thread; throws only what the
/// disk throws.
struct TableSalvage {
  let original: any RandomAccessFile
  let name: String
  let metadata: TableMetadata?
  let familyName: String?
  let familyOrder: KeyOrder?
  let decompressor = Decompressor()
  var rescue: TableRescue
  var isCut = false
  var metaIndex: MetaIndex?
  /// Whether metaindex, properties and index could be read, mended or not: then nothing needs to be guessed.
  var hasProperties = false

  /// `metadata`: what the MANIFEST says, nil for a table that it does not list. `order`: the family's.
  init(
    _ file: any RandomAccessFile, name: String, metadata: TableMetadata? = nil, family: String? = nil,
    order: KeyOrder? = nil
  ) {
    original = file
    self.name = name
    self.metadata = metadata
    familyName = family
    familyOrder = order
    rescue = TableRescue(name: name)
  }

  mutating func run() throws(DatabaseError) -> TableRescue {
    do throws(DatabaseError) {
      guard try open() else {
        loseAll("no footer and no block that proves itself")
        return rescue
      }
      try readParts()
      let candidates = try findBlocks()
      try check(candidates)
      try conclude()
    } catch {
      guard error.kind == .unsupported else { throw error }
      rescue.verdict = .refused(error.detail)
    }
    return rescue
  }

  private mutating func loseAll(_ why: String) {
    rescue.verdict = .lost
    var loss = RepairLoss(.table, file: name, detail: why)
    loss.family = familyName
    loss.level = metadata?.level
    (loss.after, loss.before) = (metadata?.smallest.userKey, metadata?.largest.userKey)
    if let metadata, metadata.hasSequences {
      (loss.firstSequence, loss.lastSequence) = (metadata.smallestSequence, metadata.largestSequence)
    }
    loss.count = rescue.properties?.entryCount
    loss.isExact = loss.count != nil
    rescue.losses = [loss]
  }

  // MARK: 1. The footer

  private mutating func open() throws(DatabaseError) -> Bool {
    var sizes = [original.size]
    if let size = metadata?.size, size < original.size { sizes.insert(size, at: 0) }
    for size in sizes {
      if let table = try attempt({ () throws(DatabaseError) in try TableFile(PatchedFile(self.original, size: size)) })
      {
        rescue.table = table
        if size < original.size { rescue.remarks.append("bytes behind its end are left out") }
        return true
      }
    }
    if let mended = try MendedFooter.search(original) {
      rescue.patches = [mended.patch]
      rescue.table = mended.table
      rescue.remarks.append("one flipped bit in the footer, byte \(mended.patch.offset) of the file")
      return true
    }
    guard let footer = try GuessedFooter.search(original, isLevelDB: name.hasSuffix(".ldb")) else { return false }
    isCut = true
    rescue.table = TableFile(PatchedFile(original), footer: footer)
    rescue.remarks.append("the footer is gone; its blocks were found by their checksums")
    return true
  }

  var table: TableFile { rescue.table! }

  /// nil for damage; other failures are thrown.
  func attempt<T>(_ body: () throws(DatabaseError) -> T) throws(DatabaseError) -> T? {
    do throws(DatabaseError) { return try body() } catch {
      guard error.kind == .corruption else { throw error }
      return nil
    }
  }

  /// Looks for the one bit whose flip makes the block check and `proof` hold; keeps it, or changes nothing.
  mutating func mend(
    _ handle: BlockHandle, _ kind: BlockKind, _ proof: (TableFile) throws(DatabaseError) -> Bool
  ) throws(DatabaseError) -> Bool {
    guard handle.lies(within: table.footer.offset), handle.size <= UInt64(TableFile.defaultBlockLimit) else {
      return false
    }
    let block = try table.file.readExactly(Int(handle.size) + BlockTrailer.size, at: handle.offset)
    defer { withExtendedLifetime(block) {} }
    var proven: (patch: BytePatch, table: TableFile)?
    for bit in FlippedBit.candidates(block.bytes, at: handle.offset, table.footer) {
      let patch = bit.patch(block.bytes, at: handle.offset)
      let size = (table.file as? PatchedFile)?.size
      let changed = TableFile(
        PatchedFile(original, rescue.patches + [patch], size: size), footer: table.footer,
        blockLimit: table.blockLimit)
      do throws(DatabaseError) {
        guard try proof(changed) else { continue }
      } catch {
        guard error.kind == .corruption || error.kind == .unsupported else { throw error }
        continue
      }
      // Two flips that both make sense prove nothing.
      guard proven == nil else { return false }
      proven = (patch, changed)
    }
    guard let proven else { return false }
    rescue.patches.append(proven.patch)
    rescue.table = proven.table
    rescue.remarks.append("one flipped bit in a \(kind.name), byte \(proven.patch.offset) of the file")
    return true
  }

  // MARK: 2. Everything but data

  private mutating func readParts() throws(DatabaseError) {
    if !isCut { try readMetaIndex() }
    if let metaIndex {
      try readProperties(metaIndex)
      try readDictionary(metaIndex)
    }
    settle()
    if let metaIndex { try readTombstones(metaIndex) }
  }

  private mutating func readMetaIndex() throws(DatabaseError) {
    let table = table
    metaIndex = try attempt { () throws(DatabaseError) in try table.readMetaIndex() }
    if metaIndex == nil {
      let isMended = try mend(table.footer.metaindex, .metaindex) { (table) throws(DatabaseError) in
        try !table.readMetaIndex().entries.isEmpty
      }
      if isMended { metaIndex = try self.table.readMetaIndex() }
    }
    if metaIndex == nil { rescue.remarks.append("the metaindex is lost") }
  }

  private mutating func readProperties(_ metaIndex: MetaIndex) throws(DatabaseError) {
    guard let handle = metaIndex.properties else {
      // Only LevelDB's tables have none by right.
      rescue.isLevelDB = table.footer.isLegacy
      rescue.hasFilter = !metaIndex.filters.isEmpty
      hasProperties = rescue.isLevelDB
      return
    }
    let table = table
    rescue.properties = try attempt({ () throws(DatabaseError) in try table.readProperties(metaIndex) }) ?? nil
    if rescue.properties == nil {
      let isMended = try mend(handle, .properties) { (table) throws(DatabaseError) in
        try table.readProperties(metaIndex)?.comparator != nil
      }
      if isMended { rescue.properties = try self.table.readProperties(metaIndex) }
    }
    hasProperties = rescue.properties != nil
    if !hasProperties { rescue.remarks.append("the properties are lost") }
  }

  private mutating func readDictionary(_ metaIndex: MetaIndex) throws(DatabaseError) {
    guard let handle = metaIndex.dictionary else { return }
    let table = table
    rescue.dictionary = try attempt({ () throws(DatabaseError) in try table.readDictionary(metaIndex) }) ?? nil
    guard rescue.dictionary == nil else { return }
    // Nothing of it decodes by itself: a block of data must.
    let isMended = try mend(handle, .dictionary) { (table) throws(DatabaseError) in
      guard let dictionary = try table.readDictionary(metaIndex) else { return false }
      var walk = BlockWalk(table, 0..<min(table.footer.offset, 1 << 20), dictionary: dictionary)
      guard let first = try walk.first() else { return false }
      let content = try table.readBlock(first, kind: .data, dictionary: dictionary)
      return withExtendedLifetime(content) { DataBlockEntries.areSound(content.bytes) }
    }
    if isMended { rescue.dictionary = try self.table.readDictionary(metaIndex) }
    if rescue.dictionary == nil { rescue.remarks.append("the compression dictionary is lost") }
  }

  private mutating func readTombstones(_ metaIndex: MetaIndex) throws(DatabaseError) {
    guard let handle = metaIndex.rangeDeletions else { return }
    let table = table
    var stored = try attempt { () throws(DatabaseError) in try table.readRangeDeletions(metaIndex) }
    if stored == nil {
      let wanted = rescue.properties?.rangeDeletionCount
      let isMended = try mend(handle, .rangeDeletions) { (table) throws(DatabaseError) in
        let count = UInt64(try table.readRangeDeletions(metaIndex).count)
        return wanted.map { $0 == count } ?? true
      }
      if isMended { stored = try self.table.readRangeDeletions(metaIndex) }
    }
    guard let stored else { return loseTombstones(handle) }
    take(stored)
  }

  private mutating func take(_ stored: [RangeTombstone]) {
    let padding = [UInt8](repeating: 0, count: rescue.strippedTimestamp)
    let sequence = rescue.globalSequence
    rescue.tombstones = stored.map {
      RangeTombstone(
        begin: $0.begin + padding, end: $0.end + padding, sequence: sequence == 0 ? $0.sequence : sequence)
    }
  }

  private mutating func loseTombstones(_ handle: BlockHandle?) {
    var loss = RepairLoss(
      .rangeDeletions, file: name,
      detail: "the range deletions are lost: what they deleted in older tables becomes visible again")
    loss.family = familyName
    loss.level = metadata?.level
    (loss.offset, loss.length) = (handle?.offset, handle?.size)
    (loss.after, loss.before) = (metadata?.smallest.userKey, metadata?.largest.userKey)
    loss.count = rescue.properties?.rangeDeletionCount
    loss.isExact = loss.count != nil
    loss.mayResurface = true
    rescue.losses.append(loss)
  }

  /// What the properties and the MANIFEST say about keys and sequence numbers.
  private mutating func settle() {
    let own = rescue.properties?.comparator.map { KeyOrder(name: $0) }
    rescue.order = familyOrder ?? own ?? .bytewise
    let isPersisted = rescue.properties?.timestampsPersisted ?? metadata?.timestampsPersisted ?? true
    rescue.strippedTimestamp = isPersisted ? 0 : rescue.order.timestampSize
    rescue.hasEmbeddedBlobs = rescue.properties?.hasEmbeddedBlobs ?? false
    let largest = metadata.flatMap { $0.hasSequences ? $0.largestSequence : nil }
    let single = metadata.flatMap { $0.smallestSequence == $0.largestSequence ? $0.largestSequence : nil }
    guard let properties = rescue.properties else {
      if table.footer.isLegacy, name.hasSuffix(".ldb") { rescue.isLevelDB = true }
      // One number for all entries: then it is theirs, whoever stored it.
      rescue.globalSequence = rescue.isLevelDB ? 0 : single ?? 0
      return
    }
    do throws(FormatError) {
      rescue.globalSequence = try GlobalSequence.resolve(properties, largest: largest)
    } catch {
      rescue.globalSequence = single ?? properties.globalSequence ?? 0
      rescue.remarks.append("\(error.reason)")
    }
  }

  // MARK: 3. The data blocks

  /// A stretch that holds a block of data, or held one.
  struct Candidate {
    var handle: BlockHandle
    /// nil in a gap where no block was found.
    var isBlock = true
    /// Internal or user keys around it, as the index stores them.
    var separatorBefore: [UInt8]?
    var separator: [UInt8]?
  }

  mutating func findBlocks() throws(DatabaseError) -> [Candidate] {
    guard let map = try readIndex() else { return try walk(known: []) }
    var candidates: [Candidate] = []
    for (index, block) in map.data.enumerated() {
      var candidate = Candidate(handle: block.handle)
      candidate.separator = Array(map.keys[block.separator])
      if index > 0 { candidate.separatorBefore = Array(map.keys[map.data[index - 1].separator]) }
      candidates.append(candidate)
    }
    if !map.problems.contains(where: { $0.kind == .index || $0.kind == .indexPartition }) { return candidates }
    rescue.remarks.append("the index is damaged; blocks that it does not lead to were found by their checksums")
    // Separators are those of neighbours only where nothing is missing between them.
    for index in candidates.indices { candidates[index].separatorBefore = nil }
    return try walk(known: candidates)
  }

  /// The map by the index, mended where one bit does it; nil without one.
  private mutating func readIndex() throws(DatabaseError) -> TableMap? {
    guard let metaIndex, hasProperties else { return nil }
    let format: IndexFormat
    do throws(FormatError) { format = try IndexFormat(rescue.properties ?? TableProperties()) } catch { return nil }
    var map = TableMap(table, metaIndex: metaIndex, format: format)
    for problem in map.problems where problem.kind == .index || problem.kind == .indexPartition {
      let count = map.data.count
      let isMended = try mend(problem.handle, problem.kind) { (table) throws(DatabaseError) in
        let other = TableMap(table, metaIndex: metaIndex, format: format)
        return other.data.count > count && !other.problems.contains { $0.handle == problem.handle }
      }
      if isMended { map = TableMap(table, metaIndex: metaIndex, format: format) }
    }
    return map
  }

  /// Where data ends at the latest.
  private var dataEnd: UInt64 {
    var end = table.footer.offset
    if let metaIndex {
      end = min(end, table.footer.metaindex.offset)
      for entry in metaIndex.entries { end = min(end, entry.handle.offset) }
    }
    if let size = rescue.properties?.dataSize, size > 0 { end = min(end, size) }
    return end
  }

  /// The known blocks, and what is found between and behind them.
  private mutating func walk(known: [Candidate]) throws(DatabaseError) -> [Candidate] {
    var all: [Candidate] = []
    var position: UInt64 = 0
    for candidate in known {
      try walk(position..<max(candidate.handle.offset, position), into: &all)
      all.append(candidate)
      position = max(position, candidate.handle.end ?? position)
    }
    try walk(position..<max(dataEnd, position), into: &all)
    return all
  }

  private mutating func walk(_ range: Range<UInt64>, into all: inout [Candidate]) throws(DatabaseError) {
    guard range.upperBound - range.lowerBound > UInt64(BlockTrailer.size) else { return }
    var found = Set(all.map(\.handle))
    var walk = BlockWalk(table, range, dictionary: rescue.dictionary)
    while let piece = try walk.next() {
      switch piece {
      case .gap(let offset, let length):
        let isAligned = length < 4096 && (offset + length) % 4096 == 0
        if isAligned, try TablePass.isZero(TablePass.Gap(offset: offset, length: length), table) { continue }
        all.append(Candidate(handle: BlockHandle(offset: offset, size: length), isBlock: false))
      case .block(let handle):
        if try isData(handle, found) { all.append(Candidate(handle: handle)) }
        found.insert(handle)
      }
    }
  }

  /// Whether a block that was found by its checksum holds data; what else it holds is kept if it is missing.
  private mutating func isData(_ handle: BlockHandle, _ found: Set<BlockHandle>) throws(DatabaseError) -> Bool {
    let table = table
    let dictionary = rescue.dictionary
    let decompressor = decompressor
    let content = try attempt { () throws(DatabaseError) in
      try table.readBlock(handle, kind: .data, dictionary: dictionary, decompressor: decompressor)
    }
    guard let content else { return true }
    defer { withExtendedLifetime(content) {} }
    do throws(FormatError) {
      let entries = try DataBlockEntries(content.bytes, order: nil)
      if entries.count > 0, !entries.holdsHandles { return true }
      let isIndex = try IndexLikeness.leads(to: found, content.bytes)
      return entries.count > 0 && !isIndex
    } catch {
      try discover(content.bytes)
      return false
    }
  }

  /// Takes properties or range deletions that nothing leads to.
  private mutating func discover(_ content: UnsafeRawBufferPointer) throws(DatabaseError) {
    guard metaIndex == nil else { return }
    do throws(FormatError) {
      if rescue.tombstones.isEmpty, let stored = IndexLikeness.tombstones(content) { return take(stored) }
      let properties = try TableProperties(decoding: content)
      guard rescue.properties == nil, properties.comparator != nil, properties[.entryCount] != nil else { return }
      rescue.properties = properties
      let tombstones = rescue.tombstones
      settle()
      take(tombstones)
    } catch { /* Something else: a filter, a dictionary. */  }
  }
}
