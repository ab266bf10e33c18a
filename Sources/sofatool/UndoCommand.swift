import CommandKit
import SofaDB

/// `sofatool undo DIR [ID]`.
enum UndoCommand {
  private static let path = Operand<String>("DIR", .directory, option: "db", help: "a database directory")
  private static let id = Operand<String?>(
    "ID", .string, help: "the change, as listed: 3-compact, or its number 3; without it the changes are listed")
  private static let list = Option<Bool>("list", help: "lists the changes that can be undone, oldest first")
  private static let discard = Option<Bool>("discard", help: "frees the space that ID holds; it cannot be undone then")
  private static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

  static let command = Command(
    name: "undo",
    summary: "lists, undoes or discards the changes that other commands made to a database",
    discussion: """
      Every command that changes a database keeps what it took away in the directory sofatool.undo, as hard links: \
      that costs no time, and no space until the engine or the command removes the other name. `undo DIR ID` brings \
      back the directory as it was, byte for byte, with the same commit protocol: after a crash at any point it is \
      as before or as after, and the same command completes.

      The newest change is undone first. A change cannot be undone when the database was used since, by an engine or \
      by a later change: that would lose what was written. `--discard` then frees its space.

      With --json there is one record a change: id, summary, time, state (unfinished, committed, settled), undoable, \
      obstacle, bytes_held, added and removed (names and sizes of files).
      """,
    options: [OptionGroup("Work", [list, discard, json, CommonOptions.quiet])],
    operands: [path, id],
    examples: [
      Command.Example("sofatool undo db", "What can be undone, and how much space it holds."),
      Command.Example("sofatool undo db 3-compact", "Brings back the state before that change."),
      Command.Example("sofatool undo --discard db 3", "Keeps the change for good and frees the space."),
    ],
    exitStatuses: [
      Command.ExitMeaning(
        .refused, "The database is open elsewhere, or was used since the change; nothing was changed.")
    ],
    run: { (invocation: Invocation, context: ToolContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: ToolContext) throws -> ExitStatus {
    guard let id = invocation[id] else {
      if invocation[discard] { throw UsageError("--discard needs the ID of the change; undo --list names them") }
      try show(invocation, context)
      return .ok
    }
    if invocation[list] { throw UsageError("--list takes no ID") }
    let database = try ExclusiveDatabase(invocation[path], in: context.fileSystem, time: context.time)
    defer { database.close() }
    if invocation[discard] { try database.discard(id) } else { try database.undo(id) }
    if !invocation[CommonOptions.quiet] {
      context.console.note(invocation[discard] ? "\(id) is discarded" : "the database is as it was before \(id)")
    }
    return .ok
  }

  private static func show(_ invocation: Invocation, _ context: ToolContext) throws {
    let directory = try context.fileSystem.readableDirectory(at: invocation[path])
    let changes = try Journal.entries(of: directory)
    if invocation[json] {
      var json = JSONWriter()
      for change in changes { change.encode(into: &json) }
      json.beginObject()
      json.field("record", "summary")
      json.field("changes", changes.count)
      json.field("bytes_held", changes.reduce(0) { $0 &+ $1.bytesHeld })
      json.field("exit_status", Int(ExitStatus.ok.code))
      json.endObject()
      json.newline()
      try context.console.output.write(json.output.bytes)
      return
    }
    if changes.isEmpty {
      if !invocation[CommonOptions.quiet] { context.console.note("there is nothing to undo") }
      return
    }
    var table = TextTable([.left("id"), .left("time"), .right("holds"), .left("did"), .left("undo")])
    for change in changes {
      table.add([
        EscapedText.printable(change.id), change.record.map { UTCTime.text($0.time) } ?? "",
        Quantity.bytes(change.bytesHeld), EscapedText.printable(change.record?.summary ?? ""),
        change.obstacle.map { "no: \(EscapedText.printable($0))" } ?? "yes",
      ])
    }
    try context.console.output.write(table.text())
  }
}
