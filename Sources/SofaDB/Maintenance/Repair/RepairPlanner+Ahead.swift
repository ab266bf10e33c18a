/// Step 3 beside a MANIFEST that looks whole: cut between two records it does not tell so. Tables do that are newer
/// than its last state and that nothing listed can have brought forth.
///
/// A crash leaves such tables too: what a flush or a compaction wrote before its record was. Of a flush the logs still
/// hold everything, of a compaction the inputs are listed and there.
extension RepairPlanner {
  /// Whether a table was made, or holds what was written, after the last record that can be read.
  func isAhead(_ table: ExaminedTable) -> Bool {
    guard let base = plan.base else { return false }
    return table.number >= base.nextFileNumber || table.largestSequence > base.lastSequence
  }

  mutating func lookAhead() throws(DatabaseError) {
    guard let base = plan.base else { return }
    let listed = Set(base.families.lazy.flatMap(\.tables).map(\.number))
    guard scan.tables.keys.contains(where: { !listed.contains($0) }) else { return }
    var trial = self
    trial.listIsWhole = false
    try trial.judgeUnlisted()
    guard !trial.placed.isEmpty else {
      if !missing.isEmpty { takeParked(trial.plan, listed) }
      return
    }
    self = trial
    loseEnd("tables are newer than its last record, and nothing that it lists brought them forth")
  }

  /// Unlisted tables beside missing ones, of which nothing proves that they took their place: they may hold some of
  /// what is lost, and an engine would delete them.
  private mutating func takeParked(_ trial: RepairPlan, _ listed: Set<UInt64>) {
    let unlisted = Set(scan.tables.lazy.filter { !listed.contains($0.key) }.map(\.value))
    for step in trial.steps where step.action == .park && unlisted.contains(step.file) {
      plan.steps.append(step)
      plan.removed.append(step.file)
    }
    plan.losses += trial.losses.filter { unlisted.contains($0.file) }
  }

  /// Stretches of sequence numbers that undamaged logs hold without a gap, of what would be replayed.
  func loggedSequences() throws(DatabaseError) -> [ClosedRange<SequenceNumber>] {
    guard let base = plan.base else { return [] }
    var found: [ClosedRange<SequenceNumber>] = []
    for number in LogSelection(base, present: scan.logs).replayed {
      let file = try directory.open(DatabaseFile.log(number).name)
      let reader = LogReader(
        file: file, number: number, mode: .skipAnyCorrupted, plainOnly: base.dialect == .leveldb)
      while let item = try reader.next() {
        guard case .record(let record) = item else { continue }
        do throws(FormatError) {
          try WriteBatchReader.check(record.bytes)
          let batch = try WriteBatchReader(record.bytes)
          let (first, next) = (batch.sequence, batch.nextSequence)
          guard next > first else { continue }
          if let last = found.last, last.upperBound &+ 1 == first {
            found[found.count - 1] = last.lowerBound...(next - 1)
          } else {
            found.append(first...(next - 1))
          }
        } catch { /* A gap: what it held may be in a table alone. */  }
      }
    }
    return found
  }
}
