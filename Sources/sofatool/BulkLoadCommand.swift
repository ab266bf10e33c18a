public import CommandKit
public import SofaDB

/// `sofatool bulk-load`.
enum BulkLoadCommand {
  enum Format: String, CommandLineChoice {
    case csv, tsv, ndjson, dump
    case sofadbGo = "sofadb-go"

    var summary: String {
      switch self {
      case .csv: "comma-separated, RFC 4180"
      case .tsv: "tab-separated, quoted like CSV"
      case .ndjson: "one JSON object a line"
      case .dump: "what dump --format ndjson printed; restores it exactly"
      case .sofadbGo: "a directory of the first SofaDB"
      }
    }
  }

  enum Header: String, CommandLineChoice {
    case yes, no
  }

  static let inputs = Operand<[String]>(
    "FILE", .path("csv", "tsv", "ndjson", "jsonl"), help: "what to load; - for standard input")

  static let key = Option<RowExpression?>("key", .expression, help: "expression for the key; see below")
  static let value = Option<RowExpression?>(
    "value", .expression, help: "expression for the value; default: json(*), or csv(*) where columns have no names")
  static let operation = Option<RowExpression?>(
    "op", .expression, placeholder: "COLUMN", help: "the column that says put or delete")

  static let format = Option<Format?>("input-format", .choice, help: "default: by the ending of the name, else csv")
  static let delimiter = Option<UInt8?>("delimiter", .delimiter, help: "one byte, or tab, space; default: by format")
  static let quote = Option<UInt8??>("quote", .quote, help: "one byte, or none; default: \"")
  static let header = Option<Header>("header", .choice, default: .yes, help: "whether the first row names the columns")
  static let isSorted = Option<Bool>("sorted", help: "the rows are in key order: stream them, and check that")
  static let force = Option<Bool>("force", help: "load a dump with gaps")

  static let duplicates = Option<DuplicatePolicy>(
    "duplicates", .choice, default: .error, help: "rows with the same key: fail, or keep the first or last one")
  static let rejects = Option<String?>(
    "rejects", .file, help: "bad rows go there as they are, with their reasons in FILE.reasons")
  static let maxErrors = Option<UInt64>(
    "max-errors", .unsigned, default: 0, help: "bad rows to pass over before failing")

  static let into = Option<String?>("into", .directory, help: "make a new database")
  static let output = Option<String?>(
    "output", .directory, short: "o", help: "make a new directory of tables for ingestion")
  static let family = Option<String>(
    "column-family", .string, aliases: ["cf"], placeholder: "NAME", default: "default", help: "family of the rows")
  static let compression = Option<CodecChoice>(
    "compression", .codec, default: CodecChoice(codec: .zstd, level: nil), help: "codec of the tables and its level")
  static let blockSize = Option<Int>(
    "block-size", .size(in: 256...(64 << 20)), default: 4096, help: "bytes of a data block before compression")
  static let filterBits = Option<Double>(
    "filter-bits", .number(in: 0...100), placeholder: "N", default: 10, help: "bits of Bloom filter for a key; 0: none")
  static let fileSize = Option<Int>(
    "target-file-size", .size(in: 4096...Int.max), default: 64 << 20, help: "bytes of a table, about")
  static let formatVersion = Option<Int>(
    "format-version", .int(in: 2...7), default: 5, help: "format of the tables; RocksDB 7.8 reads up to 5")
  static let checksum = Option<ChecksumChoice>("checksum", .choice, default: .crc32c, help: "checksum of blocks")

  static let memory = Option<Int>(
    "memory", .size(in: (8 << 20)...Int.max), default: DefaultMemory.size, defaultText: "a quarter of the machine's",
    help: "bound for rows and buffers; the process takes at most about 100 MiB more")
  static let temporaryDirectory = Option<String?>(
    "temp-dir", .directory, help: "for rows that do not fit the memory; default: beside the result")
  static let jobs = Option<Int>(
    "jobs", .int(in: 1...256), short: "j", default: Workers.processors, defaultText: "the machine's processors",
    help: "threads")
  static let json = Option<Bool>("json", help: "the report as one JSON object")

  static let command = Command(
    name: "bulk-load",
    summary: "loads CSV, TSV, NDJSON or a dump into sorted tables or a new database",
    discussion: discussion,
    options: [
      OptionGroup("Rows", [key, value, operation]),
      OptionGroup("Input", [format, delimiter, quote, header, isSorted, force]),
      OptionGroup("Bad rows", [duplicates, rejects, maxErrors]),
      OptionGroup(
        "Result",
        [output, into, family, compression, blockSize, filterBits, fileSize, formatVersion, checksum]),
      OptionGroup(
        "Work", [memory, temporaryDirectory, jobs, json, CommonOptions.progress, CommonOptions.quiet]),
    ],
    operands: [inputs],
    examples: [
      Command.Example("sofatool bulk-load --key id people.csv -o tables", "External tables, one JSON value a row."),
      Command.Example(
        "sofatool bulk-load --key 'u64be(id),text(name)' --value 'csv(city,zip)' people.csv --into db",
        "A new database with composite keys in number order."),
      Command.Example(
        "zcat log.ndjson.gz | sofatool bulk-load --input-format ndjson --key 'time(at),text(id)' - --into db",
        "From a pipe."),
      Command.Example("sofatool bulk-load --input-format dump db.ndjson --into copy", "Restores a dump."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.findings, "Everything else was loaded, and there are rejected rows."),
      Command.ExitMeaning(.incomplete, "A bad row or a duplicate key ended the load; nothing was made."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try BulkLoadRun(invocation, context).run() })

  private static let discussion = """
    Reads rows, makes a key and a value of each, sorts them within --memory, and writes tables in parallel: with -o a \
    directory of tables that RocksDB's IngestExternalFile accepts, with --into a new database. \
    The result is built as NAME.partial and gets its name when it is complete and synced; whatever happens before \
    leaves nothing under that name, and the same command can be run again.

    An expression is a list of parts whose bytes are joined: column names, 'literals' in apostrophes, and functions of \
    columns. A column is its name, \"a name in quotes\", or #1, #2 by place. The functions:

      text(c)            the text; a bare column is the same
      text0(c)           the text and a zero byte: for all but the last part of composite keys
      u64be(c) u32be(c)  whole number, big-endian
      i64be(c)           signed number, sign flipped
      f64be(c)           floating point number, order-preserving
      time(c)            RFC 3339 to microseconds since 1970, as i64be
      uuid(c)            16 bytes
      hex(c) base64(c)   the bytes that the digits stand for
      raw(c)             the field with its quotes
      json(*) json(a,b)  a JSON object of all or some columns
      csv(*) csv(a,b)    CSV of all or some columns

    Byte order of the keys is the order of the values. Text follows RFC 4180: quotes, newlines in quotes, CRLF, a byte \
    order mark. A row with a wrong number of fields, a stray quote, or a value that its function does not take is bad: \
    the load ends there with its line number, unless --max-errors allows it.

    The run closes with a ledger, rows read = written + duplicates + rejected, and a digest of the content that does \
    not depend on the layout of the tables.
    """
}

extension DuplicatePolicy: CommandLineChoice {
  public var summary: String {
    switch self {
    case .error: "the load fails"
    case .first: "the first in the input stays"
    case .last: "the last in the input stays"
    }
  }
}
