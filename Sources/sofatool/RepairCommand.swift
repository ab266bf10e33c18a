import CommandKit
import SofaDB

/// `sofatool repair DIR`.
enum RepairCommand {
  private static let path = Operand<String>("DIR", .directory, option: "db", help: "a database directory")
  private static let apply = Option<Bool>("apply", help: "carries the plan out; without it nothing is changed")
  private static let adopt = Option<[String]>(
    "adopt", .string, placeholder: "FILE",
    help: "takes in a table that the MANIFEST does not list, although nothing proves that it belongs there; repeatable")
  private static let fromTables = Option<Bool>(
    "from-tables", help: "makes a database of a directory that has nothing left but numbered tables")
  private static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

  static let command = Command(
    name: "repair",
    summary: "prints a plan that repairs a damaged database; --apply carries it out",
    discussion: """
      Reads every byte and says for each file what is to be done and why: keep, salvage (its good blocks make a new \
      table in its place, a single flipped bit is put right where the checksum and the entries both prove it), adopt, \
      park, rewrite, ignore. What is lost is named with file, offset, count and sequence numbers; keys around it with \
      --show-keys. A healthy database has nothing to repair: the status is 0 and no byte is changed.

      The MANIFEST is believed as far as it can be read. Without one the state is found from the tables: families, \
      levels, the age of tables that share keys. Tables that a compaction left behind are parked, so that what was \
      deleted does not come back; so are those of which nothing proves that they belong to the database, unless \
      --adopt names them. LOG, the engine's account of its work, tells which tables were deleted and which are in \
      use; where nothing proves that, a loss names the keys whose older or deleted content may be back. Write-ahead \
      logs stay, and families that live in a log alone stay too; of a damaged log all good records become a table. \
      Numbers that no log has tell of one that is gone or was cut between two records; of what the newest log lost at \
      its end nothing tells. Blob files are never forgotten. A directory with nothing but tables may never have been a \
      database: --from-tables says that it was.

      With --apply the database is locked and changed all at once; the old files stay in its journal, with \
      loss.ndjson beside them, until `undo --discard` frees them, and `undo` brings the old state back. Then the \
      result is read from end to end.
      """,
    options: [
      OptionGroup("Work", [apply, adopt, fromTables, CommonOptions.jobs]),
      OptionGroup("Output", [json, CommonOptions.showKeys, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [path],
    examples: [
      Command.Example("sofatool repair db", "The plan; nothing is changed."),
      Command.Example("sofatool repair --apply db", "Carries it out; sofatool undo db 1-repair takes it back."),
      Command.Example("sofatool repair --from-tables db", "The plan where nothing but the tables is left."),
      Command.Example("sofatool repair --adopt 000012.sst db", "The plan if that table belongs to the database."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.ok, "Nothing to repair, or repaired without loss."),
      Command.ExitMeaning(
        .findings, "There is something to repair and --apply was not given, or something is lost or not proven."),
      Command.ExitMeaning(.refused, "The database is open elsewhere, or the disk failed; nothing was changed."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: ToolContext) throws -> ExitStatus {
    let console = context.console
    let directory = try context.fileSystem.readableDirectory(at: invocation[path])
    try checkKind(directory, invocation[path], isFromTables: invocation[fromTables])
    let isQuiet = invocation[CommonOptions.quiet]
    let progress = Progress("repair", on: console, mode: invocation[CommonOptions.progress], isQuiet: isQuiet)
    var repair = Repair()
    repair.jobs = invocation[CommonOptions.jobs]
    repair.adopted = Set(invocation[adopt])
    repair.progress = { done, total in progress.update(done: Int(clamping: done), total: Int(clamping: total)) }
    repair.isCancelled = { console.interruption.isRequested }
    let output = RepairOutput(
      console, path: invocation[path], asJSON: invocation[json], isQuiet: isQuiet,
      showKeys: invocation[CommonOptions.showKeys])
    let report: Repair.Report
    do throws(DatabaseError) {
      if invocation[apply] {
        let database = try ExclusiveDatabase(
          invocation[path], in: context.fileSystem, time: context.time, isFromTables: invocation[fromTables])
        defer { database.close() }
        report = try repair.apply(to: database)
      } else {
        report = Repair.Report(plan: try repair.plan(directory))
      }
    } catch {
      if let status = console.interruption.status { throw Interrupted(status: status) }
      throw error
    }
    progress.finish()
    return try output.show(report)
  }

  private static func checkKind(
    _ directory: any ReadableDirectory, _ path: String, isFromTables: Bool
  ) throws(DatabaseError) {
    switch try DirectoryKind(directory) {
    case .database, .damagedDatabase: break
    case .looseTables:
      if isFromTables { break }
      throw DatabaseError(
        .unsupported, file: path,
        "there are tables without CURRENT, MANIFEST, OPTIONS and logs, which may never have been a database; if they "
          + "were one, add --from-tables: its state is found from them")
    case .sofaGo:
      throw DatabaseError(.unsupported, file: path, "directories of the Go SofaDB are read by bulk-load only")
    case .other: throw DatabaseError(.notFound, file: path, "there is no database in this directory")
    }
  }
}
