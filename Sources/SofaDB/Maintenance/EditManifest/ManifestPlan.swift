/// A state of a database, what edits would make of it, and what that would mean: a value that can be printed, and that
/// `EditManifest.commit` carries out.
public struct ManifestPlan: Sendable {
  /// The MANIFEST that the state was read from.
  public let manifest: String
  /// Edits of it that could be read.
  public let editCount: Int
  public let edits: [ManifestEdit]
  /// The state after this edit of the MANIFEST is what the edits are applied to.
  public let atEdit: Int?
  /// The edits are applied to what the files alone tell.
  public let isRebuilt: Bool
  /// Whether a MANIFEST leads to a state; otherwise `base` is that of an empty database.
  let hasBase: Bool
  /// The state now.
  public let base: Version
  /// The state that the edits lead to.
  public let result: Version
  /// What is wrong with the result, and what keeps an engine from the present state.
  public internal(set) var findings: [Finding]
  /// Those that the edits bring: without force nothing is committed.
  public internal(set) var obstacles: [Finding]
  /// From the state now to the result.
  public let difference: StateDifference
  public let visibility: [VisibilityChange]
  /// What else there is to say.
  public let notes: [String]
  /// Files of earlier states that come back from the journal, with the change that keeps each.
  let restored: [String: String]
  /// Logs that the result needs no more.
  let retiredLogs: [String]
  /// Tables that go to the journal although the state now does not name them.
  let parked: [String]

  /// Whether there is anything to commit.
  public var isEdit: Bool { !edits.isEmpty || atEdit != nil || isRebuilt }
  public var hasFindings: Bool { findings.contains { $0.severity >= .warning } }

  /// What the journal says about the change.
  var summary: String {
    let start = isRebuilt ? "the state that the files tell" : atEdit.map { "the state after edit \($0) of \(manifest)" }
    let words = (start.map { [$0] } ?? []) + edits.map(\.text)
    let shown = words.prefix(20).joined(separator: "; ")
    return words.count > 20 ? "\(shown); and \(words.count - 20) more" : shown
  }
}

// MARK: For people

extension ManifestPlan {
  /// The state alone, as `dump --manifest` ends with.
  public func stateLines(showKeys: Bool) -> [String] { ManifestLines(DumpStyle(showsKeys: showKeys)).state(base) }

  /// What the edits change, and what becomes visible and invisible.
  public func changeLines(showKeys: Bool) -> [String] {
    var lines = difference.lines(showKeys: showKeys)
    if difference.isEmpty { lines.append("the state stays as it is") }
    for name in restored.keys.sorted() { lines.append("+ file \(name) comes back from the journal") }
    for name in retiredLogs { lines.append("- log \(name) is not replayed any more; the journal keeps it") }
    lines.append("for readers:")
    if visibility.isEmpty { lines.append("  no scan gives another answer") }
    lines += visibility.map { "  " + $0.line(showKeys: showKeys) }
    return lines
  }
}

// MARK: For programs

extension ManifestPlan {
  /// `state`, or for edits `plan`, `difference` and `visibility` records, then findings and notes.
  public func encode(into json: inout JSONWriter, showKeys: Bool) {
    let style = DumpStyle(isJSON: true, showsKeys: showKeys)
    if !isEdit {
      ManifestRecords.state(base, file: manifest, style, into: &json)
      json.newline()
    } else {
      json.beginObject()
      json.field("record", "plan")
      json.field("schema", 1)
      json.field("file", EscapedText.printable(manifest))
      json.field("edits", editCount)
      if let atEdit { json.field("at_edit", atEdit) }
      if isRebuilt { json.field("rebuild", true) }
      json.key("requests")
      json.beginArray()
      for edit in edits { json.value(EscapedText.printable(edit.text)) }
      json.endArray()
      json.key("restored")
      json.beginArray()
      for name in restored.keys.sorted() { json.value(name) }
      json.endArray()
      json.key("retired_logs")
      json.beginArray()
      for name in retiredLogs { json.value(name) }
      json.endArray()
      json.key("parked")
      json.beginArray()
      for name in parked { json.value(EscapedText.printable(name)) }
      json.endArray()
      json.field("obstacles", obstacles.count)
      json.endObject()
      json.newline()
      difference.encode(into: &json, showKeys: showKeys)
      for change in visibility { change.encode(into: &json, showKeys: showKeys) }
    }
    for finding in findings { finding.encode(into: &json, showKeys: showKeys) }
    for note in notes {
      json.beginObject()
      json.field("record", "note")
      json.field("schema", 1)
      json.field("detail", EscapedText.printable(note))
      json.endObject()
      json.newline()
    }
  }
}
