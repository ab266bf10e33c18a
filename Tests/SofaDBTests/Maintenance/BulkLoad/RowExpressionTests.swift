import SofaTesting
import Testing

@testable import SofaDB

@Suite struct RowExpressionTests {
  /// The value that `expression` makes of one CSV row with the columns a, b, c.
  static func value(
    _ expression: String, _ row: String, header: [String] = ["a", "b", "c"], dialect: Dialect = .csv
  ) throws -> [UInt8] {
    var columns = RowColumns(header: header, isPlainCSV: dialect.isPlainCSV)
    let program = try RowProgram.compile(RowExpression(expression), &columns)
    var rows = DelimitedRows(dialect: dialect)
    let line = ByteBuffer(Array((row + "\n").utf8))
    rows.begin(line.bytes, isMalformed: true)
    var view = rows.makeView()
    #expect(try rows.next(&view) == .row)
    var output = ByteWriter()
    var scratch = ByteWriter()
    try program.append(view, to: &output, scratch: &scratch)
    withExtendedLifetime(line) {}
    return output.array
  }

  static func text(_ expression: String, _ row: String) throws -> String {
    String(decoding: try value(expression, row), as: UTF8.self)
  }

  static let texts: [(expression: String, row: String, value: String)] = [
    ("a", "x,y,z", "x"),
    ("text(b)", "x,y,z", "y"),
    (" text( b ) ", "x,y,z", "y"),
    ("a,b", "x,y,z", "xy"),
    ("#3, '/', #1", "x,y,z", "z/x"),
    ("'it''s'", "x,y,z", "it's"),
    ("\"a\"", "x,y,z", "x"),
    ("a", "\"x\"\"1\",y,z", "x\"1"),
    ("raw(a)", "\"x\"\"1\",y,z", "\"x\"\"1\""),
    ("csv(*)", "x,\"y,1\",z", "x,\"y,1\",z"),
    ("csv(b,c)", "x,\"y,1\",z", "\"y,1\",z"),
    ("csv(c,a,b)", "x,\"y,1\",z", "z,x,\"y,1\""),
    ("json(*)", "x,\"y\"\"1\",", #"{"a":"x","b":"y\"1","c":""}"#),
    ("json(c,a)", "x\ty,é,\\", #"{"c":"\\","a":"x\ty"}"#),
    ("json(b)", "x,é\u{1},z", #"{"b":"é\u0001"}"#),
    ("hex(a)", "4A4b,y,z", "JK"),
    ("hex(a)", "0x4A4b,y,z", "JK"),
    ("base64(a)", "SGk=,y,z", "Hi"),
    ("text0(a),b", "x,y,z", "x\0y"),
  ]

  @Test(arguments: texts.indices)
  func partsAreJoined(_ index: Int) throws {
    let example = RowExpressionTests.texts[index]
    #expect(try RowExpressionTests.text(example.expression, example.row) == example.value, "\(example.expression)")
  }

  @Test func otherDialectsBecomeCSV() throws {
    let dialect = Dialect(delimiter: 0x3B, quote: 0x27)
    let row = "x,1;'y''s';z"
    let whole = try RowExpressionTests.value("csv(*)", row, dialect: dialect)
    #expect(String(decoding: whole, as: UTF8.self) == "\"x,1\",y's,z")
    let some = try RowExpressionTests.value("csv(b,a)", row, dialect: dialect)
    #expect(String(decoding: some, as: UTF8.self) == "y's,\"x,1\"")
  }

  static let bytes: [(expression: String, field: String, hex: String)] = [
    ("u64be(a)", "0", "0000000000000000"), ("u64be(a)", "18446744073709551615", "ffffffffffffffff"),
    ("u32be(a)", "258", "00000102"), ("u32be(a)", "4294967295", "ffffffff"),
    ("i64be(a)", "0", "8000000000000000"), ("i64be(a)", "-1", "7fffffffffffffff"),
    ("i64be(a)", "-9223372036854775808", "0000000000000000"), ("i64be(a)", "9223372036854775807", "ffffffffffffffff"),
    ("f64be(a)", "0", "8000000000000000"), ("f64be(a)", "-0.0", "8000000000000000"),
    ("f64be(a)", "1", "bff0000000000000"), ("f64be(a)", "-1", "400fffffffffffff"),
    ("f64be(a)", "1e3", "c08f400000000000"),
    ("f64be(a)", "inf", "fff0000000000000"), ("f64be(a)", "-inf", "000fffffffffffff"),
    ("time(a)", "1970-01-01T00:00:00Z", "8000000000000000"),
    ("time(a)", "1970-01-01T00:00:00.000001Z", "8000000000000001"),
    ("time(a)", "1970-01-01t01:00:00+01:00", "8000000000000000"),
    ("time(a)", "1969-12-31 23:59:59.5z", "7ffffffffff85ee0"),
    ("time(a)", "2024-02-29T23:59:60Z", "8006128e0e9ba000"),
    ("uuid(a)", "123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000"),
    ("uuid(a)", "123E4567E89B12D3A456426614174000", "123e4567e89b12d3a456426614174000"),
  ]

  @Test(arguments: bytes.indices)
  func valuesAreEncoded(_ index: Int) throws {
    let example = RowExpressionTests.bytes[index]
    let value = try RowExpressionTests.value(example.expression, "\(example.field),,")
    #expect(TextFormat.hex.text(value) == example.hex, "\(example.expression) of \(example.field)")
  }

  static let refused: [(expression: String, fields: [String])] = [
    ("u64be(a)", ["", "-1", "1.0", " 1", "1 ", "18446744073709551616", "x", "+1", "0x1"]),
    ("u32be(a)", ["4294967296"]),
    ("i64be(a)", ["9223372036854775808", "-9223372036854775809", "-", "--1"]),
    ("f64be(a)", ["", "nan", "1e999", "1,0", "0x1p3", "1e", ".", "infinity", "1 "]),
    (
      "time(a)",
      [
        "", "2024-01-01", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00Zx", "2024-1-1T00:00:00Z",
        "2024-01-01T00:00:00+1:00",
      ]
    ),
    (
      "uuid(a)",
      [
        "", "123e4567-e89b-12d3-a456-42661417400", "123e4567-e89b-12d3-a456-42661417400g",
        "123e4567e-89b-12d3-a456-426614174000",
      ]
    ),
    ("hex(a)", ["abc", "zz"]),
    ("base64(a)", ["!", "QQ=", "QR=="]),
    ("text0(a)", ["x\0y"]),
  ]

  @Test(arguments: refused.indices)
  func wrongValuesAreRefused(_ index: Int) {
    let example = RowExpressionTests.refused[index]
    for field in example.fields {
      let row = field.contains(",") ? "\"\(field)\",," : "\(field),,"
      #expect(throws: RowFault.self, "\(example.expression) of '\(field)'") {
        try RowExpressionTests.value(example.expression, row)
      }
    }
  }

  @Test func faultsNameTheirColumn() {
    do {
      _ = try RowExpressionTests.value("a,u64be(c)", "1,2,x")
      Issue.record("x is no number")
    } catch let fault as RowFault {
      #expect(fault.column == 2)
    } catch {
      Issue.record(error)
    }
  }

  static let wrong: [(text: String, offset: Int)] = [
    ("", 0), (" ", 1), ("a,", 2), (",a", 0), ("a b)", 3), ("nope(a)", 0), ("text()", 5), ("text(a", 6),
    ("text(a,b)", 7),
    ("text(*)", 5), ("'abc", 0), ("\"abc", 0), ("#0", 0), ("#x", 0), ("#99999999", 0), ("text(a)b", 7),
    ("json(*,a)", 6),
    ("u64be('1')", 6), ("a,'x' y", 6),
  ]

  @Test(arguments: wrong.indices)
  func syntaxErrorsPointAtTheirPlace(_ index: Int) {
    let example = RowExpressionTests.wrong[index]
    do {
      _ = try RowExpression(example.text)
      Issue.record("'\(example.text)' is accepted")
    } catch {
      #expect(error.offset == example.offset, "'\(example.text)': \(error)")
    }
  }

  @Test func unknownColumnsPointAtTheirPlace() throws {
    var columns = RowColumns(header: ["a", "b", "b"], isPlainCSV: true)
    for (text, offset) in [("a,x", 2), ("b", 0), ("json(a,y)", 7), ("a,#4", 2), ("json(*)", 0)] {
      do throws(ExpressionError) {
        _ = try RowProgram.compile(RowExpression(text), &columns)
        Issue.record("\(text) is accepted")
      } catch {
        #expect(error.offset == offset, "\(text): \(error)")
      }
    }
    var numbered = RowColumns(count: 2, isPlainCSV: true)
    #expect(throws: ExpressionError.self) { try RowProgram.compile(RowExpression("a"), &numbered) }
    #expect(throws: ExpressionError.self) { try RowProgram.compile(RowExpression("json(*)"), &numbered) }
    #expect(throws: ExpressionError.self) { try RowProgram.compile(RowExpression("#3"), &numbered) }
  }

  // MARK: Order

  /// Encodes values that ascend and checks that the bytes do.
  static func expectAscending(_ function: String, _ fields: [String]) throws {
    let keys = try fields.map { try value("\(function)(a)", "\"\($0)\",,") }
    for index in 1..<keys.count {
      let order = KeyOrder.bytewise.compare(keys[index - 1], keys[index])
      #expect(order < 0, "\(function): \(fields[index - 1]) and \(fields[index])")
    }
  }

  @Test func numbersKeepTheirOrder() throws {
    var random = SeededRandom(seed: 3)
    let unsigned: [UInt64] = (0..<500).map { _ in
      UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
    }
    try RowExpressionTests.expectAscending("u64be", Set(unsigned).sorted().map { "\($0)" })
    let narrow = Set(unsigned.map { UInt32(truncatingIfNeeded: $0) }).sorted()
    try RowExpressionTests.expectAscending("u32be", narrow.map { "\($0)" })
    let signed = unsigned.map { Int64(bitPattern: $0) } + [.min, .max, 0, -1, 1]
    try RowExpressionTests.expectAscending("i64be", Set(signed).sorted().map { "\($0)" })
    let numbers =
      unsigned.map { Double(bitPattern: $0) }.filter(\.isFinite) + [0, -1, 1, 1e-300, -1e300, .leastNonzeroMagnitude]
    let both = Set(numbers + numbers.map { -$0 }.filter { $0 != 0 }).sorted()
    try RowExpressionTests.expectAscending("f64be", ["-inf"] + both.map { "\($0)" } + ["inf"])
  }

  @Test func timesKeepTheirOrder() throws {
    try RowExpressionTests.expectAscending(
      "time",
      [
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1582-10-15T00:00:00Z", "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z", "1970-01-01T02:00:00+01:00", "1999-12-31T23:59:59.9Z", "2000-02-28T00:00:00Z",
        "2000-02-29T00:00:00Z", "2000-03-01T00:00:00Z", "2024-02-29T12:00:00-12:00", "2024-03-01T00:00:01Z",
        "9999-12-31T23:59:59.999999Z",
      ])
  }

  @Test func compositeKeysKeepTheirOrderWithText0() throws {
    let pairs = [("a", "z"), ("a!", "a"), ("aa", ""), ("ab", "a"), ("b", "")]
    let keys = try pairs.map { try RowExpressionTests.value("text0(a),b", "\($0.0),\($0.1),") }
    for index in 1..<keys.count { #expect(KeyOrder.bytewise.compare(keys[index - 1], keys[index]) < 0) }
  }
}
