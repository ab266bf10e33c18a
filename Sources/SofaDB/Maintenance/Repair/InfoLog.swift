internal import Glibc

/// What the engine's own account of its work, LOG and the older LOG.old files, tells of tables that are there.
///
/// RocksDB writes one line an event, "EVENT_LOG_v1" and a JSON object (logging/event_logger.h, db/event_helpers.cc):
///
///     table_file_creation  job, file_number, file_size    table_file_deletion  file_number, status if it failed
///     compaction_started   job, files_L0: [..], ..        compaction_finished  job
///
/// LevelDB writes sentences (db/db_impl.cc, db/builder.cc): "Level-0 table #5: 123 bytes OK", "Generated table #7@1: 12
/// keys, 345 bytes", "Compacted 4@0 + 1@1 files", "compacted to: files[", "Delete type=2 #5".
///
/// The last word on a table counts, as numbers may be given again after a crash. A file of another size than LOG tells
/// is another file. Nothing here is checked by anything, so it decides only where the MANIFEST does not.
struct InfoLog: Sendable {
  private enum Word: Sendable {
    case made(size: UInt64)
    /// Its compaction has not ended yet.
    case pending(size: UInt64)
    /// A compaction reads it, which then deletes it.
    case taken(size: UInt64)
    /// Without a size where LOG does not tell of its making.
    case deleted(size: UInt64?)
  }

  /// Compactions that begin and never end are no more in an honest log.
  private static let mostRunning = 1000
  private static let longestLine = 64 << 10

  private let sizes: [UInt64: UInt64]
  /// The newest table that is there.
  private let newest: UInt64?
  private let isLevelDB: Bool
  private var words: [UInt64: Word] = [:]
  /// Compactions that have not ended, with what they made. LevelDB runs one at a time, which has no number.
  private var running: [UInt64: [UInt64]] = [:]
  /// Where this is set nothing is proven alive.
  private var isDoubtful = false

  /// Nothing is known.
  init() {
    sizes = [:]
    newest = nil
    isLevelDB = false
  }

  /// `sizes`: of the tables that are there, by number. `missing`: of those that should be.
  init(
    _ directory: any ReadableDirectory, sizes: [UInt64: UInt64], missing: [UInt64: UInt64] = [:], isLevelDB: Bool
  ) throws(DatabaseError) {
    self.sizes = sizes.merging(missing) { one, _ in one }
    newest = sizes.keys.max()
    self.isLevelDB = isLevelDB
    let names = try directory.entries().filter { $0.kind != .directory }.compactMap { entry -> String? in
      if case .infoLog(let name) = DatabaseFile(name: entry.name) { name } else { nil }
    }
    // LOG.old of LevelDB, LOG.old.TIME of RocksDB, oldest first; LOG itself is the newest.
    let old = names.filter { $0 != "LOG" }.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    for name in old + names.filter({ $0 == "LOG" }) { try read(directory.open(name)) }
  }

  // MARK: What it tells

  /// Whether the table was deleted, so that the file has come back from somewhere.
  func tellsDeletion(of number: UInt64) -> Bool {
    guard case .deleted(let size)? = words[number] else { return false }
    return size.map { $0 == sizes[number] } ?? isLevelDB
  }

  /// Whether the table was made and is still in use: the account goes on until after the newest table.
  func tellsLife(of number: UInt64) -> Bool {
    guard isCurrent, case .made(let size)? = words[number] else { return false }
    return size == sizes[number]
  }

  /// Whether a table that is not there was made, and nobody deleted it.
  func tellsLoss(of number: UInt64) -> Bool {
    guard isCurrent, let word = words[number] else { return false }
    if case .deleted = word { return false }
    return size(number) == sizes[number]
  }

  private var isCurrent: Bool { !isDoubtful && newest.map { words[$0] != nil } ?? false }

  // MARK: Reading

  private mutating func read(_ file: any RandomAccessFile) throws(DatabaseError) {
    var line: [UInt8] = []
    var position: UInt64 = 0
    while position < file.size {
      let count = Int(min(UInt64(InfoLog.longestLine), file.size - position))
      let piece = try file.readExactly(count, at: position)
      position += UInt64(count)
      withExtendedLifetime(piece) {
        var rest = piece.bytes
        while let base = rest.baseAddress,
          let end = ByteSearch.first(0x0A, in: base.assumingMemoryBound(to: UInt8.self), count: rest.count)
        {
          InfoLog.extend(&line, rest[..<end])
          line.withUnsafeBytes { take($0) }
          line.removeAll(keepingCapacity: true)
          rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        }
        InfoLog.extend(&line, rest[...])
      }
    }
    line.withUnsafeBytes { take($0) }
  }

  private static func extend(_ line: inout [UInt8], _ more: Slice<UnsafeRawBufferPointer>) {
    line.append(contentsOf: more.prefix(max(longestLine - line.count, 0)))
  }

  private mutating func take(_ line: UnsafeRawBufferPointer) {
    if isLevelDB {
      takeSentence(line)
    } else if let event = InfoLog.after("EVENT_LOG_v1 {", line) {
      takeEvent(event)
    }
  }

  private mutating func takeEvent(_ event: UnsafeRawBufferPointer) {
    let job = InfoLog.number("\"job\": ", event) ?? 0
    if let rest = InfoLog.after("\"event\": \"table_file_creation\"", event) {
      guard let table = InfoLog.number("\"file_number\": ", rest), sizes[table] != nil,
        let size = InfoLog.number("\"file_size\": ", rest)
      else { return }
      words[table] = running[job] == nil ? .made(size: size) : .pending(size: size)
      running[job]?.append(table)
    } else if let rest = InfoLog.after("\"event\": \"table_file_deletion\"", event) {
      let hasFailed =
        InfoLog.after("\"status\": ", rest) != nil && InfoLog.after("\"status\": \"OK\"", rest) == nil
      guard let table = InfoLog.number("\"file_number\": ", rest), !hasFailed else { return }
      delete(table)
    } else if let rest = InfoLog.after("\"event\": \"compaction_started\"", event) {
      running[job] = []
      if running.count > InfoLog.mostRunning { isDoubtful = true }
      takeInputs(rest)
    } else if InfoLog.after("\"event\": \"compaction_finished\"", event) != nil {
      finish(job)
    }
  }

  /// "files_L0": [11, 9], "files_L1": [..]
  private mutating func takeInputs(_ event: UnsafeRawBufferPointer) {
    var rest = event
    while let level = InfoLog.after("\"files_L", rest) {
      rest = level
      guard var list = InfoLog.after("[", level) else { return }
      while let (table, end) = InfoLog.digits(list) {
        if let size = size(table) { words[table] = .taken(size: size) }
        list = UnsafeRawBufferPointer(rebasing: list[end...])
        guard list.starts(with: [0x2C, 0x20]) else { break }
        list = UnsafeRawBufferPointer(rebasing: list[2...])
      }
    }
  }

  private mutating func takeSentence(_ line: UnsafeRawBufferPointer) {
    if let rest = InfoLog.after(" Level-0 table #", line) {
      guard let (table, _) = InfoLog.digits(rest), let size = InfoLog.number(": ", rest),
        InfoLog.after(" bytes OK", rest) != nil, sizes[table] != nil
      else { return }
      words[table] = .made(size: size)
    } else if let rest = InfoLog.after(" Generated table #", line) {
      guard let (table, _) = InfoLog.digits(rest), let size = InfoLog.number(" keys, ", rest), sizes[table] != nil
      else { return }
      words[table] = .pending(size: size)
      running[0, default: []].append(table)
    } else if InfoLog.after(" Compacted ", line) != nil {
      // What it read is deleted next; before that nothing names it.
      isDoubtful = true
    } else if InfoLog.after(" compacted to: files[", line) != nil {
      finish(0)
    } else if let rest = InfoLog.after(" Delete type=2 #", line) {
      guard let (table, _) = InfoLog.digits(rest) else { return }
      isDoubtful = false
      delete(table)
    }
  }

  private mutating func finish(_ job: UInt64) {
    for table in running.removeValue(forKey: job) ?? [] {
      if case .pending(let size)? = words[table] { words[table] = .made(size: size) }
    }
  }

  private mutating func delete(_ table: UInt64) {
    guard sizes[table] != nil else { return }
    words[table] = .deleted(size: size(table))
  }

  private func size(_ table: UInt64) -> UInt64? {
    switch words[table] {
    case .made(let size), .pending(let size), .taken(let size): size
    case .deleted(let size): size
    case nil: nil
    }
  }

  // MARK: Words

  /// What follows the first `words` in `line`.
  private static func after(_ words: StaticString, _ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard let base = line.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    let length = words.utf8CodeUnitCount
    var place = 0
    while place + length <= line.count,
      let next = ByteSearch.first(words.utf8Start[0], in: base + place, count: line.count - length - place + 1)
    {
      place += next
      if memcmp(base + place, words.utf8Start, length) == 0 {
        return UnsafeRawBufferPointer(rebasing: line[(place + length)...])
      }
      place += 1
    }
    return nil
  }

  private static func number(_ words: StaticString, _ line: UnsafeRawBufferPointer) -> UInt64? {
    after(words, line).flatMap { digits($0)?.value }
  }

  /// The decimal number that `text` begins with, and where it ends.
  private static func digits(_ text: UnsafeRawBufferPointer) -> (value: UInt64, end: Int)? {
    var value: UInt64 = 0
    var end = 0
    while end < text.count, case let digit = text[end] &- 0x30, digit < 10 {
      let (product, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isOverToo) = product.addingReportingOverflow(UInt64(digit))
      if isOver || isOverToo { return nil }
      value = sum
      end += 1
    }
    return end > 0 ? (value, end) : nil
  }
}
