import CommandKit
import SofaDB

/// `sofatool info PATH...`.
enum InfoCommand {
  private static let paths = Operand<[String]>(
    "PATH", .path("sst", "ldb"), option: "db", help: "a database directory, a directory of tables, or table files")
  private static let json = Option<Bool>("json", help: "NDJSON records closed by one summary record")
  private static let html = Option<String?>(
    "html", .path, placeholder: "FILE", help: "also draws the map of the key space as a page of its own")
  private static let overwrite = Option<Bool>("overwrite", help: "replaces what --html names")
  private static let showKeys = Option<Bool>("show-keys", help: "first and last keys of tables may appear")

  static let command = Command(
    name: "info",
    summary: "one screen about a database or tables: engine, levels, sizes, codecs, age, what is odd",
    discussion: """
      Reads CURRENT, MANIFEST, OPTIONS, the head of every table (footer, metaindex, properties), a few blocks of some \
      tables for their codecs, the headers of blob files, and the logs that an engine would replay. It works on \
      damaged databases as far as they go: without CURRENT the newest readable MANIFEST counts, without any MANIFEST \
      the tables speak for themselves. Nothing is written but the page that --html names.

      What `opens with` says is known from headers, MANIFEST and logs; entries inside tables are not looked at. \
      LevelDB's tables have no properties, so their entries are not counted. A sum with a plus sign leaves out tables \
      that do not tell.

      Findings are those of `sofatool verify --level quick` and of the logs; remarks are worth knowing and wrong in \
      nothing. The page of --html has everything in itself: levels against the key space, coloured by codec, age or \
      finding; a click shows what is known of a table.

      With --json there is one record a line. Keys are never renamed, and absent where nothing is known; sizes are \
      bytes, times RFC 3339 in UTC. For each PATH:

        info     path, kind (database, damaged-database, tables, sofadb-go), engine (leveldb, rocksdb, sofadb-go,
                 unknown), engine_version, written_from, written_before, options, identity, last_sequence,
                 opens_with {leveldb, rocksdb_from, rocksdb_before, features [{feature, since}]},
                 manifest {file, bytes, records, tail, current},
                 tables {files, bytes, entries, deletions, range_deletions, merge_operands, data_blocks,
                 data_bytes, raw_bytes, filter_bytes, created_from, created_to, modified_from, modified_to},
                 pending_entries, codecs, filters, format_versions, checksums, indexes [{..., tables, bytes}],
                 sampled_blocks [{codec, bytes}], families [{cf, id, comparator, order_known, merge_operator,
                 block_size, files, bytes, entries, deletions, pending_entries, levels [{level, files, bytes,
                 entries, deletions, files_without_counts, seq_from, seq_to, created_from, created_to}]}],
                 logs [{file, bytes, pending, entries}], blob_files [{file, cf, bytes, values, value_bytes,
                 garbage_values, garbage_bytes, codec}], remarks [{code, detail}]
        table    one a table: file, cf, level, bytes, state (ok, damaged, missing, unreadable), refusal, worst,
                 entries, deletions, range_deletions, merge_operands, seq_from, seq_to, from, to (--show-keys),
                 data_blocks, data_bytes, raw_bytes, codec, filter, filter_bits_per_key, format_version,
                 checksum, index, comparator, merge_operator, external, created, modified
        finding  as verify prints them
        summary  files, bytes, bytes_in_scope, findings by code, seconds, verdict, exit_status

      Every record has schema 1.
      """,
    options: [
      OptionGroup("Output", [json, html, overwrite, showKeys, CommonOptions.jobs])
    ],
    operands: [paths],
    examples: [
      Command.Example("sofatool info db", "What this directory is and how it is doing."),
      Command.Example("sofatool info --html map.html db", "The same, and a map to open in a browser."),
      Command.Example("sofatool info --json db | head -1", "For scripts: the first record has the sums."),
    ],
    exitStatuses: [
      Command.ExitMeaning(.findings, "Something is wrong that the files' heads, the MANIFEST or the logs show."),
      Command.ExitMeaning(.incomplete, "A file could not be read; the rest was shown."),
    ],
    run: { (invocation: Invocation, context: ToolContext) in try run(invocation, context) })

  private static func run(_ invocation: Invocation, _ context: ToolContext) throws -> ExitStatus {
    try invocation.require(html, with: overwrite)
    let scopes = try PathScope.all(invocation[paths], context.fileSystem)
    let file = try invocation[html].map {
      try OutputFile(at: $0, replacing: invocation[overwrite], context.fileSystem)
    }
    do {
      let (status, page) = try show(scopes, invocation, context, drawsMap: file != nil)
      if let file, let page {
        try page.write(to: file)
        try file.commit()
      }
      return status
    } catch {
      file?.discard()
      throw error
    }
  }

  private static func show(
    _ scopes: [PathScope], _ invocation: Invocation, _ context: ToolContext, drawsMap: Bool
  ) throws -> (ExitStatus, InfoPage?) {
    let start = MonotonicClock.seconds
    var page = drawsMap ? InfoPage(showKeys: invocation[showKeys]) : nil
    var summary = FindingSummary()
    var isFirst = true
    for scope in scopes {
      let report = try inspect(scope, invocation, context, drawsMap: drawsMap)
      summary.add(report.summary)
      let title = scope.title
      let screen = InfoScreen(report, title: title).lines
      if invocation[json] {
        var writer = JSONWriter(capacity: 1 << 16)
        report.encode(into: &writer, showKeys: invocation[showKeys])
        try context.console.output.write(writer.output.bytes)
      } else {
        try context.console.output.write((isFirst ? "" : "\n") + screen)
      }
      page?.add(report, title: title, screen: screen)
      isFirst = false
    }
    let status = VerifyCommand.status(of: summary)
    if invocation[json] {
      var writer = JSONWriter()
      summary.seconds = MonotonicClock.seconds - start
      summary.encode(into: &writer, exitStatus: status.code)
      try context.console.output.write(writer.output.bytes)
    }
    return (status, page)
  }

  private static func inspect(
    _ scope: PathScope, _ invocation: Invocation, _ context: ToolContext, drawsMap: Bool
  ) throws -> InspectReport {
    var inspect =
      switch scope.content {
      case .database, .damagedDatabase, .sofaGo: Inspect(scope.directory)
      case .tables(let names): Inspect(tables: names, in: scope.directory)
      }
    let interruption = context.console.interruption
    inspect.findsBounds = drawsMap || invocation[showKeys]
    inspect.jobs = invocation[CommonOptions.jobs]
    inspect.isCancelled = { interruption.isRequested }
    do throws(DatabaseError) {
      return try inspect.run()
    } catch {
      if let status = interruption.status { throw Interrupted(status: status) }
      throw error
    }
  }
}

extension PathScope {
  /// What the user pointed at, for headings.
  fileprivate var title: String {
    guard case .tables(let names) = content, names.count == 1, let name = names.first else { return path }
    return path == "." ? name : path.hasSuffix("/") ? path + name : path + "/" + name
  }
}
