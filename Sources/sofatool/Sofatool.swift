import CommandKit
import SofaDB

/// The tool: its commands in the order of the manual, and the one way to run it.
enum Sofatool {
  static let version = "0.1.0"

  static let command = Command(
    name: "sofatool",
    summary: "looks into LevelDB, RocksDB and SofaDB databases, checks, repairs, loads and rewrites them, offline",
    discussion: """
      A PATH is a database directory or a table file (.sst, .ldb); where tables are meant, a directory stands for its \
      tables. Commands that read never write, take no lock and create no file. A load makes \
      something new and never touches what exists. Commands that change a database lock it against its engines, never \
      edit a file in place, and keep what they took away until `undo` brings it back or discards it.

      Standard output carries data or the report only; everything else goes to standard error.
      """,
    release: Command.Release(version: version, date: "2026-11-23", manual: "SofaDB Manual"),
    subcommands: [
      InfoCommand.command,
      DumpCommand.command,
      VerifyCommand.command,
      RepairCommand.command,
      BulkLoadCommand.command,
      CompactCommand.command,
      IngestCommand.command,
      ConvertCommand.command,
      ManifestEditCommand.command,
      UndoCommand.command,
      ExplainCommand.command,
    ])

  /// Runs the tool inside this process, as tests do; `arguments` come without the tool's name.
  static func run(
    _ arguments: [String], fileSystem: any FileSystem, output: any TextOutput, errors: any TextOutput,
    terminal: Terminal = .none, interruption: Interruption = Interruption(), time: any TimeSource = SystemTime()
  ) -> ExitStatus {
    let console = Console(
      name: command.name, output: output, errors: errors, terminal: terminal, interruption: interruption)
    return command.run(
      arguments: arguments, context: ToolContext(console: console, fileSystem: fileSystem, time: time))
  }
}
