public import CommandKit
public import SofaDB

/// `sofatool dump`: entries, versions, layouts, properties, logs, manifests, and one key everywhere.
enum DumpCommand {
  static let paths = Operand<[String]>(
    "PATH", .path("sst", "ldb", "log"), option: "db",
    help: "a database directory, a directory of tables, table files; with --wal and --manifest also such a file")

  static let isInternal = Option<Bool>("internal", help: "every version of every key, with sequence, type and file")
  static let layout = Option<Bool>("layout", help: "every block of the tables: place, sizes, codec, checksum")
  static let properties = Option<Bool>("properties", help: "the tables' properties")
  static let manifest = Option<String?>(
    "manifest", .file, bare: "", help: "the MANIFEST's edits and the state they lead to")
  static let wal = Option<String?>("wal", .file, bare: "", help: "the operations in the write-ahead logs, or in one")
  static let find = Option<[UInt8]?>("find", .key, help: "where this key lives: tables, logs and MANIFEST")

  static let format = Option<EntryStyle.Form>(
    "format", .choice, shorthands: [.init("json", "ndjson"), .init("raw", "raw")], default: .text, help: "output form")
  static let csvText = Option<Bool>("csv-text", help: "readable cells in csv; such a file cannot be loaded again")
  static let keysOnly = Option<Bool>("keys-only", help: "no values")
  static let count = Option<Bool>("count", help: "only the number of entries")
  static let dropEmpty = Option<Bool>(
    "drop-empty", help: "in a Go SofaDB, takes empty values of tables for deletions, which it stores so")
  static let limit = Option<UInt64?>("limit", .unsigned, help: "at most so many entries")

  static let command = Command(
    name: "dump",
    summary: "prints entries, layouts, properties, logs and manifests; finds one key everywhere",
    discussion: """
      Without a form option, dump prints what a reader of the database sees, one `key TAB value` line an entry: \
      tables and write-ahead logs merged, deletions applied, merges computed where the operator is known. Where \
      several column families are printed, a first column names the family. Nothing is written, locked or created.

      Keys and values are printed so that nothing in them can steer a terminal: printable UTF-8 as it is, all else \
      as \\xNN, a backslash doubled. What is printed can be given back as a KEY argument; 0x6b65, hex:6b65, \
      base64:a2U=, u64be:17 and raw:TEXT are understood as well.

      --format ndjson writes a header, one object an entry, and a trailer with count and content digest; `sofatool \
      bulk-load --input-format dump` restores it exactly. --format raw writes, for each entry, the length of the key \
      (4 bytes, little-endian), the key, the length of the value and the value. --format csv shows escaped bytes as \
      0x and hex digits, which spreadsheets leave alone; --csv-text writes text with an apostrophe before cells that \
      a spreadsheet would compute.

      A damaged block is told on standard error, and in ndjson as a `gap` record where it lies; the rest is printed \
      and the status is 1. So it is with what cannot be read for another reason, a codec that is not supported or a \
      link in the place of a table; then the status is 3. Keys in the order of an unknown comparator are printed \
      as the files have them.
      """,
    options: [
      OptionGroup("Form", [isInternal, layout, properties, manifest, wal, find]),
      OptionGroup(
        "Entries",
        [
          CommonOptions.from, CommonOptions.to, CommonOptions.prefix, CommonOptions.families, limit, count, keysOnly,
          dropEmpty,
        ]),
      OptionGroup(
        "Output",
        [
          format, csvText, CommonOptions.keyFormat, CommonOptions.valueFormat, CommonOptions.hex, CommonOptions.output,
          CommonOptions.overwrite, CommonOptions.jobs, CommonOptions.quiet,
        ]),
    ],
    operands: [paths],
    examples: [
      Command.Example("sofatool dump db", "Every key and value."),
      Command.Example("sofatool dump db --prefix user: --limit 10", "The first ten entries of a prefix."),
      Command.Example("sofatool dump db --json -o db.ndjson", "A dump that can be restored."),
      Command.Example("sofatool dump db --find user:17", "Where a key lives, newest version first."),
      Command.Example("sofatool dump --layout db/000012.sst", "The blocks of one table."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.findings, "Something is damaged; what can be read was printed."),
      Command.ExitMeaning(.incomplete, "Nothing is damaged, but not all could be read; the rest was printed."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try DumpRun(invocation, context).run() })
}

extension EntryStyle.Form: CommandLineChoice {
  public var summary: String {
    switch self {
    case .text: "key TAB value"
    case .csv: "RFC 4180 with a header row"
    case .ndjson: "one JSON object a line, with header and trailer"
    case .raw: "lengths and bytes"
    }
  }
}
