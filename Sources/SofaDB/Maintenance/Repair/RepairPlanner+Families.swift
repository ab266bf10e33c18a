/// Step 1, families that were dropped: an engine writes OPTIONS anew after it created or dropped one, under the next
/// file number. So an OPTIONS file whose number the last record does not know yet is newer, and lists the families that
/// lived then.
extension RepairPlanner {
  /// The newest OPTIONS, if it is all there as far as can be told.
  private var listedFamilies: [OptionsFile.Family]? {
    guard let options = scan.options, options.unreadLines == 0, options.family(named: "default") != nil else {
      return nil
    }
    // Engines write two sections for each family.
    let hasTables = options.families.contains { !$0.tableOptions.isEmpty }
    if hasTables, options.families.last?.tableOptions.isEmpty ?? true { return nil }
    return options.families
  }

  /// Drops what a newer OPTIONS does not list, and notices that records are missing.
  mutating func takeDroppedFamilies() {
    guard let base = plan.base, base.dialect == .rocksdb, scan.optionsNumber >= base.nextFileNumber,
      let listed = listedFamilies
    else { return }
    let name = DatabaseFile.options(scan.optionsNumber).name
    let known = Set(plan.result.families.values.map(\.name))
    if listIsWhole, listed.contains(where: { !known.contains($0.name) }) {
      loseEnd("\(name), which is newer than its last record, lists families that it does not know")
    }
    let names = Set(listed.map(\.name))
    for family in base.families where family.id != 0 && !names.contains(family.name) {
      guard plan.result.families[family.id]?.name == family.name else { continue }
      plan.result.families[family.id] = nil
      dropped[family.id] = family.name
      let printable = EscapedText.printable(family.name)
      plan.remarks.append(
        "\(name), which is newer than the last record that can be read, does not list \(printable): it was dropped")
      if listIsWhole { loseEnd("\(name), which is newer than its last record, does not list all its families") }
    }
  }

  /// The MANIFEST reads as whole and is not.
  mutating func loseEnd(_ reason: String) {
    listIsWhole = false
    plan.needsManifest = true
    plan.steps.append(
      RepairPlan.Step(.rewrite, evidence.history?.name ?? "MANIFEST", ["\(reason): its end is lost"]))
  }

  /// The name of a family that does not live any more, of which an unlisted table is there; nil when nothing says so.
  func nameOfDropped(_ id: UInt32, _ table: ExaminedTable) -> String? {
    if let name = dropped[id] { return name }
    guard isRebuilt, id != 0, let name = table.properties.columnFamilyName, !name.isEmpty,
      table.number < scan.optionsNumber, let listed = listedFamilies
    else { return nil }
    return listed.contains { $0.name == name } ? nil : name
  }
}
