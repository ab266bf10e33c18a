/// Which tables are in use, where no MANIFEST tells it to its end.
///
/// A table that a compaction took away is deleted, so one that is there is in use, unless somebody brought it back or
/// a crash came between. What it shares with the tables that the compaction made gives it away, and LOG does; but of
/// what was deleted or replaced altogether nothing is left to share. So tables that nothing proves to be in use are
/// taken in, and a loss says for which keys older or deleted content may have come back with them.
extension RepairPlanner {
  static let deletedSays = "LOG says that it was deleted"
  static let lifeSays = "LOG tells that it was made, and of no deletion"

  /// Reads LOG, and takes listed tables out that it says were deleted after the last record that can be read.
  mutating func takeInfoLog() throws(DatabaseError) {
    var sizes: [UInt64: UInt64] = [:]
    for (number, name) in scan.tables { sizes[number] = scan.sizes[name] }
    let missing = Dictionary(missing.map { ($0.table.number, $0.table.size) }, uniquingKeysWith: { $1 })
    infoLog = try InfoLog(
      directory, sizes: sizes, missing: missing, isLevelDB: plan.result.dialect == .leveldb)
    let listed = plan.result.families.values.flatMap { family in family.tables.map { (family.id, $0.number) } }
    let rewritten = plan.rewrites.map { ($0.family, $0.metadata.number) }
    for (family, number) in (listed + rewritten).sorted(by: { $0.1 < $1.1 }) where infoLog.tellsDeletion(of: number) {
      takeOut(number, of: family, RepairPlanner.deletedSays)
    }
  }

  /// One loss for each stretch of keys of a family whose tables are not proven to be in use.
  mutating func settleLiveness() {
    guard !listIsWhole else { return }
    for family in plan.result.sortedFamilies {
      let rewritten = plan.rewrites.filter { $0.family == family.id }.map(\.metadata)
      var run: [TableMetadata] = []
      // What lies behind `run` may reach further than its last table.
      for table in (family.tables + rewritten).sorted(by: { family.order.compare($0.smallest, $1.smallest) < 0 }) {
        if infoLog.tellsLife(of: table.number) {
          settle(unproven: run, of: family)
          run = []
        } else {
          run.append(table)
        }
      }
      settle(unproven: run, of: family)
    }
    for table in tables.values.sorted(by: { $0.number < $1.number }) where table.isDoubtful { settle(doubtful: table) }
  }

  /// What its damage hides would have told which tables of its keys were in use, and which of them are newer.
  private mutating func settle(doubtful table: ExaminedTable) {
    var loss = RepairLoss(
      .liveness, file: table.name,
      detail: "its damage hides which tables of its keys are newer, and which of them were in use")
    loss.family = table.familyName
    (loss.after, loss.before) = (table.smallest?.userKey, table.largest?.userKey)
    loss.mayResurface = true
    plan.losses.append(loss)
  }

  private mutating func settle(unproven run: [TableMetadata], of family: DraftState.Family) {
    guard let first = run.first else { return }
    let last = run.map(\.largest.userKey).max { family.order.compare($0, $1) < 0 }
    let name = evidence.history?.name ?? CurrentFile.name
    var loss = RepairLoss(
      .liveness, file: name,
      detail: "nothing proves that all tables of these keys were in use: what compactions removed may be back")
    loss.family = family.name
    (loss.after, loss.before) = (first.smallest.userKey, last)
    (loss.count, loss.isExact) = (UInt64(run.count), true)
    loss.mayResurface = true
    plan.losses.append(loss)
  }
}
