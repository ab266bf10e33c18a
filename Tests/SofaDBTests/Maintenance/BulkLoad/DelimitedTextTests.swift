import CSofaKernels
import SofaTesting
import Testing

@testable import SofaDB

/// Rows and fields of delimited text: the rules, and that the vector scan and the byte-by-byte reader agree.
@Suite struct DelimitedTextTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var text: String
    /// Fields of rows; a row that is bad is its reason in an array of one with a leading "!".
    var rows: [[String]]
    var dialect = Dialect(hasHeader: false)
    var testDescription: String { text.debugDescription }
  }

  static let strayQuote = "!a quote inside a field that is not quoted"
  static let junk = "!text after a closing quote"

  static let examples: [Example] = [
    Example(text: "", rows: []),
    Example(text: "a", rows: [["a"]]),
    Example(text: "a\n", rows: [["a"]]),
    Example(text: "a,b\nc,d", rows: [["a", "b"], ["c", "d"]]),
    Example(text: "a,b\r\nc,d\r\n", rows: [["a", "b"], ["c", "d"]]),
    Example(text: "a,\r\n,b\r\n,\r\n", rows: [["a", ""], ["", "b"], ["", ""]]),
    Example(text: "a\n\n\r\nb\n", rows: [["a"], ["b"]]),
    Example(text: "\"a\",\"b\"\n", rows: [["a", "b"]]),
    Example(text: "\"a\"\"b\",c\n", rows: [["a\"b", "c"]]),
    Example(text: "\"\"\"\"\n", rows: [["\""]]),
    Example(text: "\"\",\"\"\n", rows: [["", ""]]),
    Example(text: "\"a,b\",\"c\nd\",\"e\r\nf\"\n", rows: [["a,b", "c\nd", "e\r\nf"]]),
    Example(text: "\"a\nb\"", rows: [["a\nb"]]),
    Example(text: "\"a\"\r\n\"b\"\r\n", rows: [["a"], ["b"]]),
    Example(text: "\"\r\n\"\r\n", rows: [["\r\n"]]),
    Example(text: "é,\u{1F600},\u{0}\n", rows: [["é", "\u{1F600}", "\u{0}"]]),
    Example(text: " a , b\t\n", rows: [[" a ", " b\t"]]),
    Example(text: "a\rb,c\n", rows: [["a\rb", "c"]]),
    Example(text: "a\"b,c\nd,e\n", rows: [[strayQuote], ["d", "e"]]),
    Example(text: "x,a\"\nd,e\n", rows: [[strayQuote], ["d", "e"]]),
    Example(text: "\"a\"b,c\nd,e\n", rows: [[junk], ["d", "e"]]),
    Example(text: "\"a\" ,c\nd,e\n", rows: [[junk], ["d", "e"]]),
    Example(text: "\"a\"\rx\nd\n", rows: [[junk], ["d"]]),
    Example(text: "a,\"b\nc,d\n", rows: [["!a quote is never closed"]]),
    Example(text: "5\" disk,\"x\"\n6,\"y\"\n", rows: [[strayQuote], ["6", "y"]]),
    Example(text: "a\tb,c\n", rows: [["a", "b,c"]], dialect: Dialect(delimiter: 0x09, hasHeader: false)),
    Example(
      text: "0041;LATIN \"A\";Lu\n", rows: [["0041", "LATIN \"A\"", "Lu"]],
      dialect: Dialect(delimiter: 0x3B, quote: nil, hasHeader: false)),
    Example(
      text: "'a;b';'it''s'\n", rows: [["a;b", "it's"]], dialect: Dialect(delimiter: 0x3B, quote: 0x27, hasHeader: false)
    ),
  ]

  /// Rows as `PieceReader` and `DelimitedRows` give them, with pieces of `pieceSize`.
  static func rows(
    _ text: [UInt8], _ dialect: Dialect, pieceSize: Int, portion: Int = 1 << 20
  ) throws -> [[String]] {
    let pieces = PieceReader(
      sources: [PortionedInput(text, portion: portion)], dialect: dialect, pieceSize: pieceSize, longestRow: 1 << 20)
    var buffer = ByteWriter()
    var rows = DelimitedRows(dialect: dialect)
    var found: [[String]] = []
    var line: UInt64 = 1
    while let piece = try pieces.next(into: &buffer) {
      #expect(piece.firstLine == line)
      line += piece.newlines
      rows.begin(buffer.bytes, isMalformed: piece.isMalformed)
      var view = rows.makeView()
      while true {
        do throws(RowFault) {
          let step = try rows.next(&view)
          if step == .end { break }
          if step == .blank { continue }
          var fields: [String] = []
          for index in 0..<view.fieldCount {
            var field = ByteWriter()
            try view.field(index).appendText(to: &field, column: index)
            fields.append(String(decoding: field.bytes, as: UTF8.self))
          }
          found.append(fields)
        } catch {
          found.append(["!\(error.reason)"])
        }
      }
    }
    return found
  }

  @Test(arguments: examples)
  func rowsAreCut(_ example: Example) throws {
    for size in [16, 17, 23, 64, 100, 4096] {
      for portion in [1, 3, 1 << 20] {
        let rows = try DelimitedTextTests.rows(
          Array(example.text.utf8), example.dialect, pieceSize: size, portion: portion)
        #expect(rows == example.rows, "pieces of \(size), portions of \(portion)")
      }
    }
  }

  @Test func aByteOrderMarkIsNoText() throws {
    let dialect = Dialect(hasHeader: false)
    #expect(
      try DelimitedTextTests.rows([0xEF, 0xBB, 0xBF] + Array("a,b\n".utf8), dialect, pieceSize: 16) == [["a", "b"]])
    #expect(throws: DatabaseError.self) {
      try DelimitedTextTests.rows([0xFF, 0xFE, 0x61, 0x00], dialect, pieceSize: 16)
    }
  }

  @Test func aRowThatIsTooLongIsAnError() throws {
    let text = Array("a,\"".utf8) + [UInt8](repeating: 0x78, count: 3 << 20)
    #expect(throws: DatabaseError.self) {
      try DelimitedTextTests.rows(text, Dialect(hasHeader: false), pieceSize: 4096)
    }
  }

  /// The reader that the fast one is judged by: one state, one byte at a time.
  static func referenceRowEnds(_ text: [UInt8]) -> (ends: [Int], isMalformed: Bool) {
    enum State { case start, plain, quoted, closed }
    var state = State.start
    var ends: [Int] = []
    var isMalformed = false
    for (index, byte) in text.enumerated() {
      switch (state, byte) {
      case (.quoted, 0x22): state = .closed
      case (.quoted, _): break
      case (.closed, 0x22): state = .quoted
      case (.start, 0x22): state = .quoted
      case (_, 0x0A):
        ends.append(index + 1)
        state = .start
      case (_, 0x2C): state = .start
      case (.closed, 0x0D):
        if index + 1 < text.count, text[index + 1] != 0x0A { isMalformed = true }
        state = .plain
      case (.closed, _):
        isMalformed = true
        state = .plain
      case (_, 0x22):
        isMalformed = true
      default: state = .plain
      }
    }
    return (ends, isMalformed)
  }

  @Test func theVectorScanAgreesWithOneByteAtATime() {
    var random = SeededRandom(seed: 7)
    let alphabet: [UInt8] = [0x22, 0x22, 0x2C, 0x0A, 0x0D, 0x61, 0x62, 0x63]
    for round in 0..<20000 {
      let text = (0..<Int.random(in: 0...200, using: &random)).map { _ in
        round % 2 == 0
          ? alphabet.randomElement(using: &random)! : alphabet[[2, 3, 5, 6, 7].randomElement(using: &random)!]
      }
      let (ends, isMalformed) = DelimitedTextTests.referenceRowEnds(text)
      var found = sofa_rows()
      sofa_rows_scan(text, text.count, 0x2C, 0x22, &found)
      guard !isMalformed else {
        if let end = ends.last { #expect(found.malformed || found.end == end) } else { continue }
        continue
      }
      #expect(!found.malformed, "\(text)")
      #expect(found.end == ends.last ?? 0, "\(text)")
      #expect(found.rows == ends.count)
      #expect(found.newlines == text.prefix(found.end).count { $0 == 0x0A })
    }
  }
}
