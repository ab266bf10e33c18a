public import CommandKit
public import SofaDB

/// `sofatool compact DIR`.
enum CompactCommand {
  static let path = Operand<String>("DIR", .directory, option: "db", help: "a database directory")

  static let outputLevel = Option<Int?>(
    "output-level", .int(in: 0...(VersionEdit.levelLimit - 1)), help: "where they go; default: the deepest level in use"
  )
  static let bottom = Option<CompactSelection.Bottom>(
    "bottommost", .choice, default: .auto, help: "tables at the bottom that nothing overlaps")

  static let compression = Option<CodecChoice?>("compression", .codec, help: "codec of the new tables and its level")
  static let blockSize = Option<Int?>("block-size", .size(in: 256...(64 << 20)), help: "bytes of a data block")
  static let filterBits = Option<Double?>(
    "filter-bits", .number(in: 0...100), placeholder: "N", help: "bits of Bloom filter for a key; 0: none")
  static let formatVersion = Option<Int?>("format-version", .int(in: 2...7), help: "format of the new tables")
  static let checksum = Option<ChecksumChoice?>("checksum", .choice, help: "checksum of blocks")
  static let fileSize = Option<Int?>("target-file-size", .size(in: 4096...Int.max), help: "bytes of a table, about")

  static let plan = Option<Bool>("plan", help: "only says what would be done")
  static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

  static let command = Command(
    name: "compact",
    summary: "merges tables into one level and drops what no reader can see, offline",
    discussion: """
      Takes all tables, or those of some families, levels, numbers or keys; tables that must come along so that newer \
      data stays above older come along. Deletions, overwritten and deleted versions go where nothing older is left \
      below. Merge operands are combined only by operators whose name and parameters the database records; all \
      others are kept as they are. New tables look as the database's OPTIONS say, or else as its tables do. \
      Un-flushed logs stay as they are.

      The result is read back and compared entry by entry, then committed in one step: after a crash the database is \
      as before or as after. The old tables stay in sofatool.undo until `undo --discard` frees them: for so long the \
      database takes its old space and the new.

      Tables in the last level are rewritten only when something above overlaps them or when they hold deletions or \
      merge operands; `--bottommost force` rewrites all, `skip` none.

      Memory: for each thread and input run 64 KiB and a few blocks, and 8 bytes a key of the table that is written.

      With --json: `step` records (cf, output_level, tables, bytes, codec) and a `summary` (tables_before, \
      tables_after, bytes_before, bytes_after, entries_before, entries_after, skipped, change, exit_status). With \
      --plan the summary has temporary_bytes and free_bytes instead.
      """,
    options: [
      OptionGroup(
        "Tables",
        [
          CommonOptions.families, CommonOptions.from, CommonOptions.to, CommonOptions.levels,
          CommonOptions.files, outputLevel, bottom,
        ]),
      OptionGroup("Result", [compression, blockSize, filterBits, formatVersion, checksum, fileSize]),
      OptionGroup(
        "Work", [plan, CommonOptions.jobs, CommonOptions.writeRate, json, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [path],
    examples: [
      Command.Example("sofatool compact --plan db", "What would be done, and the space it takes."),
      Command.Example("sofatool compact db", "Everything into the deepest level."),
      Command.Example("sofatool compact --levels 0-1 --output-level 2 db", "Only the upper levels."),
      Command.Example("sofatool compact --cf users --from a --to b db", "Only some keys of one family."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.incomplete, "A damaged table ended the work; the database is as it was. See repair."),
      Command.ExitMeaning(
        .refused, "Open elsewhere, no space, an unknown comparator, FIFO compaction; nothing was changed."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try CompactRun(invocation, context).run() })
}

extension CompactSelection.Bottom: CommandLineChoice {
  public var summary: String {
    switch self {
    case .auto: "rewritten when they hold deletions or merge operands"
    case .skip: "left alone"
    case .force: "rewritten"
    }
  }
}
