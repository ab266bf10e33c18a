import CommandKit
import SofaDB

/// `sofatool manifest-edit DIR`.
enum ManifestEditCommand {
  static let path = Operand<String>("DIR", .directory, option: "db", help: "a database directory")

  static let dropFile = Option<[ManifestEdit]>(
    "drop-file", .edit(.dropFile, "FILE"), help: "takes a table out of the state; repeatable")
  static let moveFile = Option<[ManifestEdit]>(
    "move-file", .edit(.moveFile, "FILE:LEVEL"), help: "puts a table on another level; repeatable")
  static let addFile = Option<[ManifestEdit]>(
    "add-file", .edit(.addFile, "FILE[:LEVEL]"),
    help: "takes in a table of the directory; without LEVEL on the deepest one that is right; repeatable")
  static let set = Option<[ManifestEdit]>(
    "set", .edit(.set, "NAME=N"),
    help: "sets last-sequence, next-file, log-number or min-log-number; repeatable")
  static let dropFamily = Option<[ManifestEdit]>(
    "drop-family", .edit(.dropFamily, "NAME"), help: "drops a column family; repeatable")
  static let script = Option<String?>("script", .file, help: "edits from a file, one a line, # for comments")
  static let atEdit = Option<Int?>(
    "at-edit", .int(in: 1...Int.max), placeholder: "N", help: "starts from the state as it was after edit N")
  static let rebuild = Option<Bool>(
    "rebuild", help: "starts from what tables, blob files and logs tell, whatever the MANIFEST says")
  static let family = Option<String?>(
    "column-family", .string, aliases: ["cf"], placeholder: "NAME",
    help: "where --add-file puts tables, and whose log-number is set")
  static let diff = Option<String?>(
    "diff", .path(placeholder: "OTHER"),
    help: "compares with another database, a MANIFEST file, or @N, the state after edit N")

  static let apply = Option<Bool>("apply", help: "commits the change")
  static let forceInvalid = Option<Bool>(
    "force-invalid", help: "commits also what breaks a rule that was kept before")
  static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

  static let command = Command(
    name: "manifest-edit",
    summary: "shows, checks, edits, rebuilds and diffs the MANIFEST",
    discussion: """
      Without edits, prints the state that the MANIFEST describes and checks it: the rules that engines rely on, \
      existence and sizes of files, and the first and last entries of every table against the recorded bounds and \
      sequence numbers. Edits are numbered as `sofatool dump --manifest` prints them.

      With edits, prints what they change: tables and numbers, which keys vanish, appear, or show an older or newer \
      version (counted by reading both states side by side, logs included), and every rule that the result breaks. \
      Nothing is changed or locked without --apply. All edits make one change and their order means nothing; a file \
      may be dropped and added at once, which reads its record anew from the table.

      --apply commits by a new MANIFEST and CURRENT. Files that are taken out are kept in the journal, so that \
      `sofatool undo` brings everything back, and logs stay as they are. A result that breaks a rule which the \
      present state keeps is refused, unless --force-invalid is given: engines may lose data with such a state.

      --rebuild reads every table and finds families, levels and numbers anew, as `sofatool repair` does where no \
      MANIFEST is left. Tables that newer ones supersede are set aside in the journal, so that deleted keys do not \
      come back. Nothing is written but the MANIFEST: damaged tables are no part of the state, which is refused then \
      unless --force-invalid is given; repair keeps what is good of them.

      A new MANIFEST has no records with tags that are unknown here and that readers may pass over: what they say may \
      not hold for another state, and engines that do not know them leave them out too. Unknown fields of a table \
      stay with it. The old MANIFEST stays in the journal.

      Works on damaged databases. Where CURRENT is missing or names nothing, the newest MANIFEST that can be read is \
      taken; of a damaged MANIFEST, the edits before the damage. A script has lines such as:

        drop-file 12
        move-file 9:6          # as on the command line
        set last-sequence=1200
      """,
    options: [
      OptionGroup("Edits", [dropFile, moveFile, addFile, set, dropFamily, script, atEdit, rebuild, family]),
      OptionGroup("Compare", [diff]),
      OptionGroup("Commit", [apply, forceInvalid]),
      OptionGroup("Output", [json, CommonOptions.showKeys]),
    ],
    operands: [path],
    examples: [
      Command.Example("sofatool manifest-edit db", "The state and what is wrong with it."),
      Command.Example("sofatool manifest-edit db --drop-file 12", "What would be lost without table 12."),
      Command.Example("sofatool manifest-edit db --drop-file 12 --apply", "Takes it out; undo brings it back."),
      Command.Example("sofatool manifest-edit db --add-file 44", "Takes in a table that the MANIFEST forgot."),
      Command.Example("sofatool manifest-edit db --at-edit 17", "What it would mean to go back."),
      Command.Example("sofatool manifest-edit db --rebuild", "What the files alone tell, beside what it says."),
      Command.Example("sofatool manifest-edit db --diff @17", "What changed since edit 17."),
    ],
    exitStatuses: [
      Command.ExitMeaning(
        .ok, "The state, or what the edits make of it, keeps every rule; with --diff, no difference."),
      Command.ExitMeaning(.findings, "Something is wrong with that state; with --diff, there are differences."),
      Command.ExitMeaning(
        .usage, "An option is wrong or an edit makes no sense in this database; nothing was changed."),
      Command.ExitMeaning(
        .refused,
        "The result would break a rule, or locked, permission, no space, I/O error, unsupported feature. Nothing was "
          + "changed."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try ManifestEditRun(invocation, context).run() })
}

extension ValueSyntax where Value == ManifestEdit {
  /// What stands behind an edit's verb.
  static func edit(_ verb: ManifestEdit.Verb, _ placeholder: String) -> ValueSyntax {
    ValueSyntax(placeholder: placeholder) { (text) throws(ValueError) in
      do throws(FormatError) {
        return try ManifestEdit(verb, text)
      } catch {
        throw ValueError("is no \(placeholder): \(error.reason)", at: error.offset)
      }
    }
  }
}
