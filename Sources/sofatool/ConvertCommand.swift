import CommandKit
import SofaDB

/// `sofatool convert-compression PATH...`.
enum ConvertCommand {
  static let paths = Operand<[String]>(
    "PATH", .path("sst", "ldb"), option: "db", help: "a database directory, a directory of tables, or table files")

  static let target = Option<CodecChoice?>("to", .codec, help: "the codec of the new tables and its level")
  static let dictionary = Option<Int>(
    "dictionary", .size(in: 0...(1 << 20)), default: 0, defaultText: "",
    help: "trains a dictionary of this size for each table")
  static let force = Option<Bool>("force", help: "also a codec that the tables' engine may not read")

  static let output = Option<String?>(
    "output", .directory, short: "o", help: "a new directory for converted loose tables; refused if it exists")
  static let plan = Option<Bool>("plan", help: "says what would be done and changes nothing")
  static let estimate = Option<Bool>("estimate", help: "measures what codecs would give and changes nothing")
  static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")

  static let command = Command(
    name: "convert-compression",
    summary: "rewrites tables with another codec; --estimate only measures",
    discussion: discussion,
    options: [
      OptionGroup("Codec", [target, dictionary, force]),
      OptionGroup("Tables", [CommonOptions.levels, CommonOptions.files, CommonOptions.families]),
      OptionGroup("Work", [output, plan, estimate, CommonOptions.jobs, CommonOptions.writeRate]),
      OptionGroup("Output", [json, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [paths],
    examples: [
      Command.Example("sofatool convert-compression db --estimate", "What would each codec give?"),
      Command.Example(
        "sofatool convert-compression db --to zstd:6 --levels 5-6", "The cold levels smaller; undo brings them back."),
      Command.Example("sofatool convert-compression tables --to lz4 -o tables-lz4", "Loose tables."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.incomplete, "A table is damaged; nothing was changed."),
      Command.ExitMeaning(
        .refused,
        "The database is open elsewhere, a table has a form or a codec that cannot be converted, or I/O failed; "
          + "nothing was changed."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try ConvertRun(invocation, context).run() })

  private static let discussion = """
    Every block is read, its checksum compared, decompressed and compressed anew; entries are not decoded, so that any \
    comparator will do. Filters, range deletions, separators of the index, sequence numbers and all properties that do \
    not speak of compression or of the file's origin are kept, as are the kind of checksum and the format version. \
    Each new table is read back and must hold, uncompressed, what the old one held. Tables that have the codec already \
    are left alone.

    A database is locked, and changed by one commit when all new tables are there; the old ones are kept for `undo` \
    until they are discarded. So there must be room for all new tables at once beside all old ones, which is checked \
    before the work begins, and `undo --discard` frees the old ones; --levels, --files and --cf convert a part at a \
    time. The engine's options stay: it will write its own \
    codec into new tables. Loose tables go to a new directory, which gets its name when it is complete. Whatever ends \
    the work before leaves everything as it was.

    Codecs: none, snappy, lz4, lz4hc[:1-12], zlib[:1-9], zstd[:LEVEL]. LevelDB 1.23 reads none and Snappy only; its \
    tables are refused other codecs unless --force says that the engine is newer or RocksDB.

    Several threads work on one table or on several. Memory: for each thread about 3 MiB and three times its largest \
    block, for each table 40 bytes a data block, and with --dictionary a hundred times its size, at most 32 MiB.

    --estimate draws about 2,000 blocks from all tables and all parts of each, and tries every codec on them, or the \
    one that --to names. The ratio is the uncompressed size of the data blocks to their stored size, with its 95 % \
    confidence interval (normal approximation of the ratio of sums); speeds are those of one thread; time is that of \
    the conversion with -j threads, reading back included, when the disk is no limit.
    """
}
