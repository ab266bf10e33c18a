import SofaDB
import Testing

/// Deterministic bytes, so that a failure repeats.
private struct SmallGenerator {
  var state: UInt64 = 0x9E37_79B9_7F4A_7C15
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

private func parse(_ text: String, as format: TextFormat) throws -> [UInt8] {
  var output = ByteWriter()
  let text = [UInt8](text.utf8)
  try text.withUnsafeBytes { try format.parse($0, into: &output) }
  return output.array
}

@Suite struct TextFormatTests {
  @Test(arguments: TextFormat.allCases)
  func everyByteComesBack(format: TextFormat) throws {
    for byte in UInt8.min...UInt8.max {
      for padding in 0..<20 {
        let bytes = [UInt8](repeating: 0x61, count: padding) + [byte] + [UInt8](repeating: 0x7A, count: padding % 5)
        #expect(try parse(format.text(bytes), as: format) == bytes)
      }
    }
    let all = [UInt8](UInt8.min...UInt8.max)
    #expect(try parse(format.text(all), as: format) == all)
    #expect(try parse(format.text([UInt8]()), as: format) == [])
  }

  @Test(arguments: TextFormat.allCases)
  func randomBytesComeBack(format: TextFormat) throws {
    var random = SmallGenerator()
    for _ in 0..<2000 {
      let bytes = (0..<Int(random.next() % 41)).map { _ in UInt8(truncatingIfNeeded: random.next() >> 11) }
      #expect(try parse(format.text(bytes), as: format) == bytes)
    }
  }

  @Test func textsAreWhatTheContractSays() {
    #expect(TextFormat.escaped.text([UInt8]("a\\b\tc\u{7F}é\u{1F600}".utf8)) == "a\\\\b\\x09c\\x7fé\u{1F600}")
    #expect(TextFormat.hex.text([0x00, 0x9A, 0xFF, 0x10, 0xAB]) == "009aff10ab")
    #expect(TextFormat.base64.text([UInt8]("any carnal pleas".utf8)) == "YW55IGNhcm5hbCBwbGVhcw==")
    #expect(TextFormat.u64be.text([0, 0, 0, 0, 0, 0, 1, 2]) == "258")
    #expect(TextFormat.u64le.text([2, 1, 0, 0, 0, 0, 0, 0]) == "258")
    #expect(TextFormat.u32be.text([0xFF, 0xFF, 0xFF, 0xFF]) == "4294967295")
    #expect(TextFormat.i64be.text([0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]) == "-2")
    #expect(TextFormat.i64be.text([0, 0, 0, 0, 0, 0, 0, 0]) == "-9223372036854775808")
    #expect(TextFormat.u64be.text([0x61]) == "0x61")
  }

  @Test func nothingThatSteersATerminalPasses() {
    let hostile = [
      "\u{1B}[31m", "\u{1B}]52;c;AAAA\u{07}", "\u{9B}31m", "\u{202E}abc", "\u{2066}", "\u{200B}", "\u{FEFF}",
      "\u{2028}", "\u{7F}", "\u{E0041}", "\u{FFFE}",
    ]
    for text in hostile {
      let printed = EscapedText.printable(text)
      for scalar in printed.unicodeScalars {
        #expect(PrintableScalar.isPrintable(scalar.value), "\(printed)")
      }
      #expect(printed.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "\(printed)")
    }
    // Overlong forms, surrogates, lone continuation bytes and values beyond Unicode are bytes, not text.
    for bytes: [UInt8] in [[0xC0, 0x9B], [0xE0, 0x82, 0x9B], [0xED, 0xA0, 0x80], [0x9B], [0xF4, 0x90, 0x80, 0x80]] {
      #expect(TextFormat.escaped.text(bytes).utf8.allSatisfy { $0 < 0x80 })
    }
  }

  @Test(arguments: [
    ("hex", "6g", 1), ("hex", "0x6", 2), ("base64", "ab*=", 2), ("base64", "a", 0), ("base64", "aR==", 1),
    ("escaped", "ab\\", 2), ("escaped", "\\x4", 0), ("escaped", "\\xg0", 2), ("escaped", "a\\q", 2),
    ("u64be", "12a", 2), ("u64be", "18446744073709551616", 19), ("u32be", "4294967296", 0), ("u64be", "", 0),
    ("i64be", "-9223372036854775809", 0), ("i64be", "-x", 1),
  ])
  func errorsPointAtTheByte(format: String, text: String, offset: Int) throws {
    let format = try #require(TextFormat(name: format))
    let error = #expect(throws: FormatError.self) { try parse(text, as: format) }
    #expect(error?.offset == offset)
  }

  @Test func keyArguments() throws {
    let cases: [(String, [UInt8])] = [
      ("key", [0x6B, 0x65, 0x79]), ("0x6b65", [0x6B, 0x65]), ("0X6B65", [0x6B, 0x65]), ("hex:6b65", [0x6B, 0x65]),
      ("base64:a2U=", [0x6B, 0x65]), ("raw:a\\x", [0x61, 0x5C, 0x78]),
      ("escaped:hex:\\x00", [0x68, 0x65, 0x78, 0x3A, 0]),
      ("a\\x00\\\\", [0x61, 0, 0x5C]), ("", []), ("0x", []), ("user:1", [UInt8]("user:1".utf8)),
      ("u64be:258", [0, 0, 0, 0, 0, 0, 1, 2]), ("raw:", []),
    ]
    for (argument, bytes) in cases { #expect(try KeyText.parse(argument) == bytes, "\(argument)") }
  }

  @Test func keyErrorsPointAtTheByte() {
    for (argument, offset) in [("0x6g", 3), ("hex:6b6", 6), ("base64:a*", 8), ("é\\xz0", 4)] {
      let error = #expect(throws: FormatError.self) { try KeyText.parse(argument) }
      #expect(error?.offset == offset, "\(argument)")
    }
    #expect(KeyText.caret(below: "é\\xz0", at: 4) == "   ^")
  }
}
