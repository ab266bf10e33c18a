import SofaTesting

@testable import CommandKit
@testable import SofaDB

/// What people write: rows to be loaded, expressions, arguments.
extension FuzzTarget {
  static let ofText = [
    FuzzTarget("delimited", longest: 512) {
      ["a,b\nc,\"d\"\"\n\",e\r\n", "\"a\"b,c\n", "x\ty\n\n\"", "1;'2;3';4"].flatMap { text in
        (0..<4).map { [UInt8($0)] + Array(text.utf8) }
      }
    } body: { bytes in
      try delimited(bytes)
    },
    FuzzTarget("expression", longest: 256) {
      ["id", "u64be(#2),'x''y',text0(\"a \"\"b\"\"\")", "json(*)", "time(when),uuid(u),hex(h)"].map { Array($0.utf8) }
    } body: { bytes in
      guard let text = String(validating: bytes, as: UTF8.self) else { return }
      do throws(ExpressionError) { _ = try RowExpression(text) } catch { _ = error.description }
    },
    FuzzTarget("load", longest: 2048, rounds: 150) {
      try loadSeeds()
    } body: { bytes in
      try load(bytes)
    },
    FuzzTarget("arguments", longest: 512) {
      [
        ["read", "--level=quick", "--cf", "a", "-qj4", "db"], ["show", "--", "-5", "x"], ["help", "read"],
        ["--version"],
        [
          "read", "--memory", "64MiB", "--max-time=1h30m", "--manifest", "--bits=9.5", "--sequence",
          "18446744073709551615",
        ],
      ].map { Array($0.joined(separator: "\u{0}").utf8) }
    } body: { bytes in
      let words = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
        String(decoding: UnsafeRawBufferPointer(rebasing: $0), as: UTF8.self)
      }
      do throws(ArgumentParser.Failure) {
        if case .help(let chain) = try ArgumentParser.parse(words, tool: FuzzedCommand.tool) {
          _ = HelpPage(chain, width: 80).text
        }
      } catch {
        precondition(!error.error.lines(width: 80).isEmpty)
      }
    },
  ]

  // MARK: Rows

  private static let dialects = [
    Dialect(hasHeader: false), Dialect(delimiter: 0x09, hasHeader: false),
    Dialect(delimiter: 0x3B, quote: 0x27, hasHeader: false), Dialect(delimiter: 0x3B, quote: nil, hasHeader: false),
  ]

  /// Bytes of the input, however they are asked for.
  private final class Source: InputSource, @unchecked Sendable {
    let name = "input"
    let size: UInt64? = nil
    private var rest: [UInt8]

    init(_ bytes: UnsafeRawBufferPointer) { rest = [UInt8](bytes) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
      let count = min(buffer.count, rest.count)
      buffer.copyBytes(from: rest.prefix(count))
      rest.removeFirst(count)
      return count
    }
  }

  /// However the text is cut into pieces, it has the same rows.
  private static func delimited(_ bytes: UnsafeRawBufferPointer) throws {
    var input = FuzzInput(bytes)
    let dialect = dialects[Int(input.byte() & 3)]
    let whole = try rows(input.rest, dialect, pieceSize: 1 << 16)
    let small = try rows(input.rest, dialect, pieceSize: 16)
    precondition(whole == small, "the pieces change the rows")
  }

  private static func rows(
    _ text: UnsafeRawBufferPointer, _ dialect: Dialect, pieceSize: Int
  ) throws(DatabaseError) -> [[[UInt8]]] {
    let pieces = PieceReader(sources: [Source(text)], dialect: dialect, pieceSize: pieceSize, longestRow: 1 << 20)
    var buffer = ByteWriter()
    var rows = DelimitedRows(dialect: dialect)
    var found: [[[UInt8]]] = []
    while let piece = try pieces.next(into: &buffer) {
      rows.begin(buffer.bytes, isMalformed: piece.isMalformed)
      var view = rows.makeView()
      loop: while true {
        do throws(RowFault) {
          switch try rows.next(&view) {
          case .end: break loop
          case .blank: continue
          case .row: break
          }
          var fields: [[UInt8]] = []
          for index in 0..<view.fieldCount {
            var field = ByteWriter()
            try view.field(index).appendText(to: &field, column: index)
            fields.append(field.array)
          }
          found.append(fields)
        } catch {
          found.append([Array("\(error.reason)".utf8)])
        }
      }
    }
    return found
  }

  // MARK: Whole loads

  private static let keys = [
    "id", "#1", "u64be(id)", "text0(#1),i64be(#2)", "time(id),uuid(b)", "f64be(id)", "hex(id)",
  ]

  private static func loadSeeds() throws -> [[UInt8]] {
    let texts: [(UInt8, [UInt8])] = [
      (0, Array("id,b\n1,2\n3,\"4\n\"\n".utf8)), (1, Array("id\tb\n7\t8\n".utf8)),
      (2, Array("{\"id\":1,\"b\":[2]}\n{\"id\":2,\"b\":null}\n".utf8)),
      (0, Array("id,b\n2024-01-01T00:00:00Z,123e4567-e89b-12d3-a456-426614174000\n".utf8)),
      (3, try dump("r783-merge-append", versions: false)), (3, try dump("r783-rangedel-wal", versions: true)),
    ]
    return texts.flatMap { format, text in (0..<2).map { [format, UInt8($0)] + text } }
  }

  /// The dump of a few entries of a fixture, as NDJSON.
  private static func dump(_ name: String, versions: Bool) throws -> [UInt8] {
    final class Text: DumpOutput, @unchecked Sendable {
      var bytes: [UInt8] = []
      func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
      func report(_ finding: Finding) {}
    }
    let directory = try PosixFileSystem().readableDirectory(at: Fixtures.path("databases/\(name)/db"))
    var style = EntryStyle()
    style.form = .ndjson
    var selection = DumpEntries.Selection()
    selection.versions = versions
    selection.limit = 5
    let text = Text()
    _ = try DumpEntries(
      DatabaseView(database: directory), source: name, style: style, selection: selection, jobs: 1
    ).run(text)
    return Array(text.bytes.prefix(2000))
  }

  /// What was loaded can be read, and has as many entries as the report says.
  private static func load(_ bytes: UnsafeRawBufferPointer) throws {
    var input = FuzzInput(bytes)
    let formats = [LoadFormat.delimited(.csv), .delimited(.tsv), .ndjson, .dump]
    let format = formats[Int(input.byte() & 3)]
    let choice = input.byte()
    let system = SimulatedFileSystem()
    var options = LoadOptions()
    if format != .dump {
      do { options.key = try RowExpression(keys[Int(choice & 15) % keys.count]) } catch { preconditionFailure() }
    }
    options.duplicates = [.error, .first, .last, .last][Int(choice >> 4 & 3)]
    options.maxErrors = choice & 64 == 0 ? 0 : 1000
    options.isSorted = choice & 128 != 0
    options.jobs = 1
    options.memory = 1 << 20
    options.table.compression = .none
    let output = format == .dump ? LoadOutput.database("db/out") : .tables("db/out")
    let load = BulkLoad([.stream(Source(input.rest))], format: format, output: output, options: options, in: system)
    _ = try load.run()
    let directory = try system.readableDirectory(at: "db/out")
    let view: DatabaseView
    if format == .dump {
      view = try DatabaseView(database: directory)
    } else {
      let tables = try directory.entries().map(\.name).filter { $0.hasSuffix(".sst") }
      guard !tables.isEmpty else { return }
      view = try DatabaseView(tables: tables, in: directory)
    }
    for family in view.families where family.order.isKnown {
      var cursor = try view.cursor(family)
      try cursor.seekToFirst()
      while cursor.isValid { try cursor.next() }
    }
  }
}
