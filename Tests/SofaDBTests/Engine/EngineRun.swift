/// A database on a simulated disk, and what was written to it: every state that a crash or a fault may leave follows
/// from the list of commits and from how many of them are promised.
import SofaTesting

@testable import SofaDB

final class EngineRun {
  typealias Contents = [UInt32: [[UInt8]: [UInt8]]]

  struct Broken: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  enum Change {
    case put([UInt8], [UInt8])
    case delete([UInt8])
    case singleDelete([UInt8])
    case deleteRange([UInt8], [UInt8])
    case merge([UInt8], [UInt8])
  }

  /// Changes that take effect together.
  struct Commit {
    var changes: [(family: UInt32, change: Change)]
    /// It ended with an error: it may be there or not, but whole.
    var isMaybe = false
  }

  let system: SimulatedFileSystem
  var options: DatabaseOptions
  /// nil before `open` and after `close`.
  private(set) var database: Database?
  private(set) var commits: [Commit] = []
  /// How many commits, counted from the first, a crash may not lose.
  private(set) var durable = 0
  /// Ids of the families before the first and after each change of them.
  private(set) var families: [Set<UInt32>]
  private(set) var durableFamilies = 0
  private var lastFamily: UInt32 = 0
  /// What the disk held before.
  let base: Contents

  init(_ system: SimulatedFileSystem, _ options: DatabaseOptions, base: Contents = [0: [:]]) {
    self.system = system
    self.options = options
    self.base = base
    families = [Set(base.keys)]
    lastFamily = base.keys.max() ?? 0
  }

  // MARK: Calls

  func open() throws(DatabaseError) {
    database = try Database.open("db", options: options, in: system)
  }

  var live: Database {
    guard let database else { preconditionFailure("the database is not open") }
    return database
  }

  func close() throws(DatabaseError) {
    guard let database else { return }
    self.database = nil
    try database.close()
    settle()
  }

  /// After a failure: the files are closed, whatever that gives.
  func abandon() {
    do throws(DatabaseError) { try database?.close() } catch { /* The failure says more. */  }
    database = nil
  }

  func put(
    _ key: String, _ value: String, family: UInt32 = 0, sync: Bool = false, usesLog: Bool = true
  ) throws(DatabaseError) {
    try write([(family, .put(Array(key.utf8), Array(value.utf8)))], sync: sync, usesLog: usesLog)
  }

  func delete(_ key: String, family: UInt32 = 0, sync: Bool = false) throws(DatabaseError) {
    try write([(family, .delete(Array(key.utf8)))], sync: sync)
  }

  func singleDelete(_ key: String) throws(DatabaseError) { try write([(0, .singleDelete(Array(key.utf8)))]) }

  func deleteRange(_ begin: String, _ end: String, family: UInt32 = 0, sync: Bool = false) throws(DatabaseError) {
    try write([(family, .deleteRange(Array(begin.utf8), Array(end.utf8)))], sync: sync)
  }

  func merge(_ key: String, _ operand: String, sync: Bool = false) throws(DatabaseError) {
    try write([(0, .merge(Array(key.utf8), Array(operand.utf8)))], sync: sync)
  }

  /// One batch.
  func write(
    _ changes: [(family: UInt32, change: Change)], sync: Bool = false, usesLog: Bool = true
  ) throws(DatabaseError) {
    var batch = WriteBatch()
    for (family, change) in changes {
      switch change {
      case .put(let key, let value): try batch.put(key, value, family: family)
      case .delete(let key): try batch.delete(key, family: family)
      case .singleDelete(let key): try batch.singleDelete(key, family: family)
      case .deleteRange(let begin, let end): try batch.deleteRange(begin, end, family: family)
      case .merge(let key, let operand): try batch.merge(key, operand, family: family)
      }
    }
    let database = live
    try commit(changes, sync: sync) { () throws(DatabaseError) in
      try database.write(&batch, WriteOptions(sync: sync, usesLog: usesLog))
    }
  }

  /// Changes that `body` commits.
  func commit(
    _ changes: [(family: UInt32, change: Change)], sync: Bool, _ body: () throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    commits.append(Commit(changes: changes))
    do throws(DatabaseError) {
      try body()
    } catch {
      commits[commits.count - 1].isMaybe = true
      throw error
    }
    if sync { settle() }
  }

  /// All that was written so far is promised.
  func settle() {
    durable = commits.count
    durableFamilies = families.count - 1
    promise()
  }

  private func promise() { system.milestone = durable * 1000 + durableFamilies }

  func flush() throws(DatabaseError) {
    try live.flush()
    settle()
  }

  func syncLog() throws(DatabaseError) {
    try live.syncLog()
    settle()
  }

  func compact(family: UInt32 = 0) throws(DatabaseError) {
    try live.compactRange(in: live.families.first { $0.id == family })
  }

  @discardableResult
  func createFamily(_ name: String) throws(DatabaseError) -> UInt32 {
    lastFamily += 1
    families.append((families.last ?? []).union([lastFamily]))
    let family = try live.createFamily(name)
    guard family.id == lastFamily else { preconditionFailure("family \(family.id) instead of \(lastFamily)") }
    durableFamilies = families.count - 1
    promise()
    return family.id
  }

  func dropFamily(_ id: UInt32) throws(DatabaseError) {
    guard let family = live.families.first(where: { $0.id == id }) else { return }
    families.append((families.last ?? []).subtracting([id]))
    try live.dropFamily(family)
    durableFamilies = families.count - 1
    promise()
  }

  // MARK: The model

  static func apply(_ commit: Commit, to contents: inout Contents) {
    for (family, change) in commit.changes {
      switch change {
      case .put(let key, let value): contents[family, default: [:]][key] = value
      case .delete(let key), .singleDelete(let key): contents[family]?[key] = nil
      case .deleteRange(let begin, let end):
        contents[family] = contents[family]?.filter {
          KeyOrder.bytewise.compare($0.key, begin) < 0 || KeyOrder.bytewise.compare($0.key, end) >= 0
        }
      case .merge(let key, let operand):
        let old = contents[family]?[key]
        contents[family, default: [:]][key] = old.map { $0 + [0x2C] + operand } ?? operand
      }
    }
  }

  /// How many commits `image` holds, those that failed in between or not. Throws unless it holds a prefix of them,
  /// whole, that is no shorter than what is promised.
  @discardableResult
  func require(_ image: Contents, atLeast floor: Int? = nil) throws(Broken) -> Int {
    let ids = Set(image.keys)
    guard families[durableFamilies...].contains(ids) else { throw Broken("families \(ids.sorted())") }
    let floor = floor ?? durable
    let maybes = commits.indices.filter { commits[$0].isMaybe }
    guard maybes.count <= 10 else { throw Broken("\(maybes.count) writes failed: too many to judge") }
    for mask in 0..<(1 << maybes.count) {
      var contents = base
      let left = Set(maybes.indices.filter { mask & (1 << $0) != 0 }.map { maybes[$0] })
      for count in 0...commits.count {
        if count >= floor, ids.allSatisfy({ image[$0] ?? [:] == contents[$0] ?? [:] }) { return count }
        if count < commits.count, !left.contains(count) { EngineRun.apply(commits[count], to: &contents) }
      }
    }
    throw Broken("no prefix of \(floor) to \(commits.count) commits: \(difference(image))")
  }

  /// From everything, in words.
  private func difference(_ image: Contents) -> String {
    var contents = base
    for commit in commits { EngineRun.apply(commit, to: &contents) }
    var words: [String] = []
    for (family, pairs) in image.sorted(by: { $0.key < $1.key }) {
      let wanted = contents[family] ?? [:]
      let missing = wanted.keys.filter { pairs[$0] == nil }.map(EngineRun.text).sorted()
      let extra = pairs.keys.filter { wanted[$0] == nil }.map(EngineRun.text).sorted()
      let other = pairs.filter { wanted[$0.key] != nil && wanted[$0.key] != $0.value }.map { EngineRun.text($0.key) }
      words.append("family \(family) lacks \(missing), has besides \(extra), differs in \(other.sorted())")
    }
    return words.joined(separator: "; ")
  }

  private static func text(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }

  // MARK: Reading

  /// All that a database shows.
  static func contents(of database: Database) throws(DatabaseError) -> Contents {
    var contents: Contents = [:]
    for family in database.families {
      var pairs: [[UInt8]: [UInt8]] = [:]
      var cursor = try database.cursor(in: family)
      try cursor.seekToFirst()
      while cursor.isValid {
        pairs[[UInt8](cursor.key)] = [UInt8](cursor.value)
        try cursor.next()
      }
      contents[family.id] = pairs
    }
    return contents
  }

  /// The database shows its own writes, while it is open.
  func requireVisible() throws {
    let maybes = commits.contains { $0.isMaybe }
    guard !maybes else { return }
    try require(EngineRun.contents(of: live), atLeast: commits.count)
  }
}
