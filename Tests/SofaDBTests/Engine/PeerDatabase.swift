import Foundation
import SofaTesting

@testable import SofaDB

/// A database that SofaDB and another engine continue in turn, each with options of its own, and what it has to hold.
final class PeerDatabase {
  let index: Int
  private let scratch: TemporaryDirectory
  /// As the last engine left it.
  private(set) var directory: String
  private var turn = 0
  private(set) var model: PeerModel
  private var history: PeerHistory
  private var random: SeededRandom
  private var expected: (before: [String: String], after: [String: String]) = ([:], [:])
  private(set) var failures: [String] = []

  /// `kinds`: the families that it may have, by name.
  init(_ index: Int, kinds: [String: PeerModel.Family]) throws {
    self.index = index
    scratch = try TemporaryDirectory(inMemory: true)
    directory = scratch.path + "/0"
    model = PeerModel(kinds)
    history = PeerHistory(seed: UInt64(index), names: kinds.keys.filter { $0 != "default" }.sorted())
    random = SeededRandom(seed: 77 + UInt64(index))
  }

  func fail(_ text: String) { failures.append("database \(index), turn \(turn): \(text)") }

  // MARK: SofaDB's turns

  /// Opens the database, compares it, works on it, compares it again, and leaves it in one way or another.
  func continueOurselves(_ count: Int) {
    turn += 1
    do throws(DatabaseError) {
      let setting = DatabaseModel.Setting(index * 7 + turn * 13)
      var options = setting.options
      options.familyDefaults = familyOptions("default", setting)
      var families: [String: FamilyOptions] = [:]
      for name in model.families.keys { families[name] = familyOptions(name, setting) }
      let database = try Database.open(directory, options: options, families: families)
      try compare(database)
      let operations = history.next(count, &model)
      try perform(operations, on: database, setting)
      try compare(database)
      try leave(database)
      try examine()
    } catch { fail("SofaDB: \(error)") }
  }

  private func familyOptions(_ name: String, _ setting: DatabaseModel.Setting) -> FamilyOptions {
    var options = setting.family
    options.order = model.kind(of: name).order
    options.mergeOperator = model.kind(of: name).mergeOperator
    return options
  }

  private func perform(
    _ operations: [PeerOperation], on database: Database, _ setting: DatabaseModel.Setting
  ) throws(DatabaseError) {
    var family: LiveFamily?
    var batch = WriteBatch()
    var isBatched = false
    func write(_ kind: EntryKind, _ key: [UInt8], _ value: [UInt8] = []) throws(DatabaseError) {
      try batch.add(kind, key, value, family: family?.id ?? 0)
      if !isBatched { try commit() }
    }
    func commit() throws(DatabaseError) {
      try database.write(&batch, WriteOptions(sync: random.below(50) == 0))
      batch.removeAll()
      isBatched = false
    }
    for operation in operations {
      switch operation {
      case .put(let key, let value): try write(.value, key, value)
      case .delete(let key): try write(.deletion, key)
      case .singleDelete(let key): try write(.singleDeletion, key)
      case .merge(let key, let operand): try write(.merge, key, operand)
      case .deleteRange(let begin, let end): try write(.rangeDeletion, begin, end)
      case .flush: try database.flush()
      case .compact: for family in database.families { try database.compactRange(in: family) }
      case .family(let name):
        family = database.family(named: name)
        if family == nil { family = try database.createFamily(name, options: familyOptions(name, setting)) }
      case .drop(let name):
        guard let dropped = database.family(named: name) else { continue }
        try database.dropFamily(dropped)
        if family === dropped { family = nil }
      case .begin: isBatched = true
      case .commit: try commit()
      }
    }
  }

  /// Every key by scan and by look-up, and some that are not there.
  private func compare(_ database: Database) throws(DatabaseError) {
    let names = Set(database.families.map(\.name))
    if names != Set(model.families.keys) { fail("families \(names) instead of \(model.families.keys)") }
    for (name, wanted) in model.families {
      guard let family = database.family(named: name) else { continue }
      let sorted = wanted.sorted
      var cursor = try database.cursor(in: family)
      var count = 0
      try cursor.seekToFirst()
      while cursor.isValid, count < sorted.count {
        let (key, value) = ([UInt8](cursor.key), [UInt8](cursor.value))
        if key != sorted[count].key || value != sorted[count].value {
          return fail("\(name): \(key) -> \(value) instead of \(sorted[count])")
        }
        count += 1
        try cursor.next()
      }
      if count != sorted.count || cursor.isValid {
        return fail("\(name): \(count) of \(sorted.count) keys\(cursor.isValid ? ", and more" : "")")
      }
      for (key, value) in sorted {
        if try database.get(key, in: family) != value { return fail("\(name): get \(key)") }
        let absent = key + [0x17]
        if try database.get(absent, in: family) != nil { return fail("\(name): \(absent) is found") }
      }
    }
  }

  /// Closed, or as it is on the disk while it is open.
  private func leave(_ database: Database) throws(DatabaseError) {
    guard random.below(2) == 0 else { return try database.close() }
    try database.waitForBackgroundWork()
    let next = scratch.path + "/\(turn)"
    let fileSystem = PosixFileSystem()
    try copyTree(
      from: fileSystem.readableDirectory(at: directory),
      to: fileSystem.directory(at: scratch.path).createDirectory("\(turn)"))
    try database.close()
    directory = next
  }

  private func examine() throws(DatabaseError) {
    let findings = Monitor<[Finding]>([])
    _ = try Verify(database: PosixFileSystem().readableDirectory(at: directory), jobs: 1).run { finding in
      findings.change { $0.append(finding) }
    }
    for finding in findings.change({ $0 }) {
      fail("verify: \(finding.code) in \(finding.file ?? "?"): \(finding.detail)")
    }
  }

  // MARK: Other engines' turns

  /// LevelDB makes the database: puts and deletions, one by one. Logs are left as they are unless it compacts.
  func startWithLevelDB(_ count: Int, bits: Int, compacting: Bool) throws {
    let writes = history.next(count, &model).map { operation -> (key: [UInt8], value: [UInt8]?)? in
      switch operation {
      case .put(let key, let value): (key, value)
      case .delete(let key), .singleDelete(let key): (key, nil)
      default: nil
      }
    }
    model = model.emptied
    for write in writes.compactMap({ $0 }) {
      model.apply(write.value.map { PeerOperation.put(write.key, $0) } ?? .delete(write.key))
    }
    try LevelDBOracle.write(directory, writes.compactMap { $0 }, bits: bits, compacting: compacting)
  }

  /// What the other engine is to do. Without operations it only looks.
  func handOver(_ count: Int, options: [String]) -> PeerStage {
    turn += 1
    model.reopen()
    expected.before = model.digests
    let operations = count == 0 ? [] : history.next(count, &model)
    expected.after = model.digests
    let copy = random.below(2) == 0 ? scratch.path + "/\(turn)" : nil
    return PeerStage(directory, options: options, operations: operations, copy: copy)
  }

  func takeBack(_ stage: PeerStage, _ answer: PeerStage.Answer?) {
    if let failure = answer?.failure { return fail("the other engine: \(failure)\nfor \(stage.options)") }
    if answer?.before != expected.before {
      fail("the other engine reads \(answer?.before ?? [:])\ninstead of \(expected.before)")
    }
    if answer?.after != expected.after {
      fail("the other engine ends with \(answer?.after ?? [:])\ninstead of \(expected.after), \(stage.options)")
    }
    directory = stage.copy ?? directory
  }
}
