import CommandKit
import SofaDB

/// Prints what a repair would do, or did: lines for people, or NDJSON records closed by a summary.
struct RepairOutput {
  private let console: Console
  private let path: String
  private let asJSON: Bool
  private let isQuiet: Bool
  private let showKeys: Bool

  init(_ console: Console, path: String, asJSON: Bool, isQuiet: Bool, showKeys: Bool) {
    self.console = console
    self.path = path
    self.asJSON = asJSON
    self.isQuiet = isQuiet
    self.showKeys = showKeys
  }

  func show(_ report: Repair.Report) throws -> ExitStatus {
    let status = RepairOutput.status(of: report)
    if asJSON { try writeRecords(report, status) } else { try writeLines(report) }
    return status
  }

  /// Losses and whatever is still wrong count; so does a plan that was not carried out.
  static func status(of report: Repair.Report) -> ExitStatus {
    let isLeft = !report.plan.isNothing && report.change == nil
    let isWrong = report.findings.contains { $0.severity > .info }
    return isLeft || isWrong || report.plan.losesData ? .findings : .ok
  }

  // MARK: NDJSON

  private func writeRecords(_ report: Repair.Report, _ status: ExitStatus) throws {
    var json = JSONWriter()
    for step in report.plan.steps { step.encode(into: &json) }
    for loss in report.plan.losses { loss.encode(into: &json, showKeys: showKeys) }
    for remark in report.plan.remarks {
      json.beginObject()
      json.field("record", "remark")
      json.field("detail", EscapedText.printable(remark))
      json.endObject()
      json.newline()
    }
    for finding in report.findings { finding.encode(into: &json, showKeys: showKeys) }
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
    json.field("nothing", report.plan.isNothing)
    json.field("applied", report.change != nil)
    if let change = report.change { json.field("change", EscapedText.printable(change)) }
    json.key("actions")
    json.beginObject()
    for (action, count) in RepairOutput.counts(report.plan) { json.field(action.rawValue, count) }
    json.endObject()
    json.field("losses", report.plan.losses.count)
    json.field("findings", report.findings.count { $0.severity > .info })
    json.field("exit_status", Int(status.code))
    json.endObject()
    json.newline()
    try console.output.write(json.output.bytes)
  }

  private static func counts(_ plan: RepairPlan) -> [(RepairPlan.Action, Int)] {
    var counts: [RepairPlan.Action: Int] = [:]
    for step in plan.steps { counts[step.action, default: 0] += 1 }
    return counts.sorted { $0.key.rawValue < $1.key.rawValue }
  }

  // MARK: Lines

  private func writeLines(_ report: Repair.Report) throws {
    let plan = report.plan
    let name = EscapedText.printable(path)
    var text = ""
    for step in plan.steps where !(step.action == .keep && step.evidence.isEmpty) {
      if isQuiet, step.action == .keep || step.action == .ignore { continue }
      text += line(step)
    }
    for loss in plan.losses {
      text += "loss: \(loss.line)\n"
      if showKeys { text += keys(loss) }
    }
    if !isQuiet { for remark in plan.remarks { text += "note: \(EscapedText.printable(remark))\n" } }
    for finding in report.findings where finding.severity > .info { text += finding.line + "\n" }
    if plan.isNothing {
      if !isQuiet || plan.losesData {
        text += "\(name): nothing \(plan.losesData ? "can be done about this" : "to repair")\n"
      }
    } else if let change = report.change {
      text += "\(name): repaired, \(lossWords(plan)); undo: sofatool undo \(name) \(change)\n"
    } else {
      text += "\(name): nothing was changed, \(lossWords(plan)); carry it out: sofatool repair --apply \(name)\n"
    }
    try console.output.write(text)
  }

  private func lossWords(_ plan: RepairPlan) -> String {
    plan.losses.isEmpty ? "nothing is lost" : "losses: \(plan.losses.count)"
  }

  private func line(_ step: RepairPlan.Step) -> String {
    var place: [String] = []
    if let family = step.family { place.append(EscapedText.printable(family)) }
    if let level = step.level { place.append("level \(level)") }
    let location = place.isEmpty ? "" : " (\(place.joined(separator: ", ")))"
    var text = "\(step.action.rawValue) \(EscapedText.printable(step.file))\(location)\n"
    for sentence in step.evidence { text += "  \(EscapedText.printable(sentence))\n" }
    return text
  }

  private func keys(_ loss: RepairLoss) -> String {
    let after = loss.after.map { TextFormat.escaped.text($0) } ?? "the beginning"
    let before = loss.before.map { TextFormat.escaped.text($0) } ?? "the end"
    return "  between \(after) and \(before)\n"
  }
}
