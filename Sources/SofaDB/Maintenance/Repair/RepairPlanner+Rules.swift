/// Step 5: no engine forgives a MANIFEST that breaks its rules, so what results is checked, and put in order where
/// levels contradict each other.
extension RepairPlanner {
  mutating func settleRules() throws(DatabaseError) {
    plan.result.coverNumbers()
    for rewrite in plan.rewrites where rewrite.metadata.hasSequences {
      plan.result.lastSequence = max(plan.result.lastSequence, rewrite.metadata.largestSequence)
    }
    for name in scan.tables.values {
      plan.result.nextFileNumber = max(plan.result.nextFileNumber, (DatabaseFile(name: name).number ?? 0) + 1)
    }
    if let base = plan.base, base.lastSequence < plan.result.lastSequence, plan.logTables.isEmpty {
      plan.needsManifest = true
    }
    let broken = violations().filter { $0.rule == .levelOverlap || $0.rule == .levelOrder }
    for family in Set(broken.map(\.family)).sorted() { try relevel(family) }
    for violation in violations() { plan.remarks.append("the result breaks a rule: \(violation.detail)") }
  }

  /// Of the result, rewritten tables as they were: new ones have no wider bounds.
  private func violations() -> [VersionViolation] {
    var whole = plan.result
    for rewrite in plan.rewrites { whole.families[rewrite.family]?.tables.append(rewrite.metadata) }
    return VersionInvariants.check(whole.build())
  }

  /// Tables of levels that contradict each other are placed anew by their ages.
  private mutating func relevel(_ id: UInt32) throws(DatabaseError) {
    guard let family = plan.result.families[id], family.order.isKnown else { return }
    let rewrites = plan.rewrites.filter { $0.family == id }.map(\.metadata)
    let items = (family.tables + rewrites).map { listedItem($0) }
    let relations = try TableRelations(
      items.map(\.metadata), order: family.order, in: mended, jobs: jobs,
      isCancelled: isCancelled)
    let levels = placement(family, relations).levels(items)
    guard items.allSatisfy({ levels[$0.number] != nil }) else { return }
    for index in family.tables.indices {
      let table = family.tables[index]
      guard let level = levels[table.number], level != table.level else { continue }
      plan.result.families[id]?.tables[index].level = level
      note(table, level)
    }
    for index in plan.rewrites.indices where plan.rewrites[index].family == id {
      plan.rewrites[index].metadata.level = levels[plan.rewrites[index].metadata.number] ?? 0
    }
    plan.needsManifest = true
  }

  private mutating func note(_ table: TableMetadata, _ level: Int) {
    guard let place = plan.steps.firstIndex(where: { $0.file == scan.tables[table.number] }) else { return }
    plan.steps[place].action = .rewrite
    plan.steps[place].level = level
    plan.steps[place].evidence.append("it overlaps tables of level \(table.level): it goes to level \(level)")
  }
}
