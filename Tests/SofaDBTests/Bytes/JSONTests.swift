import SofaDB
import Testing

private func tokens(_ text: [UInt8]) throws -> [JSONReader.Token] {
  try text.withUnsafeBytes { bytes in
    var reader = JSONReader(bytes)
    var tokens: [JSONReader.Token] = []
    while true {
      let token = try reader.next()
      if token == .end { return tokens }
      tokens.append(token)
    }
  }
}

private func unescaped(_ json: String) throws -> [UInt8] {
  var output = ByteWriter()
  let bytes = [UInt8](json.utf8)
  try bytes.withUnsafeBytes { bytes in
    var reader = JSONReader(bytes)
    #expect(try reader.next() == .string)
    try reader.unescape(into: &output)
  }
  return output.array
}

@Suite struct JSONTests {
  @Test func writesRecords() {
    var json = JSONWriter()
    json.beginObject()
    json.field("a\"\\", "x\u{1B}\u{202E}é\u{1F600}\n")
    json.key("list")
    json.beginArray()
    json.value(-1)
    json.value(UInt64.max)
    json.beginObject()
    json.endObject()
    json.value(true)
    json.null()
    json.value(0.5)
    json.value(Double.nan)
    json.endArray()
    json.field("k", [0, 0x22, 0x5C, 0xFF], as: .escaped)
    json.endObject()
    json.newline()
    json.beginObject()
    json.endObject()
    let text = String(decoding: json.output.bytes, as: UTF8.self)
    #expect(
      text == #"""
        {"a\"\\":"x\u001b\u202e\u00e9\ud83d\ude00\n",\#
        "list":[-1,18446744073709551615,{},true,null,0.5,null],"k":"\\x00\"\\\\\\xff"}
        {}
        """#)
  }

  @Test func everyStringComesBack() throws {
    for byte in UInt8.min...UInt8.max {
      for padding in [0, 1, 7, 8, 9] {
        let bytes = [UInt8](repeating: 0x61, count: padding) + [byte, 0x62]
        for format in TextFormat.allCases {
          var json = JSONWriter()
          json.value(bytes, as: format)
          #expect(json.output.bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
          let text = try unescaped(String(decoding: json.output.bytes, as: UTF8.self))
          var parsed = ByteWriter()
          try text.withUnsafeBytes { try format.parse($0, into: &parsed) }
          #expect(parsed.array == bytes)
        }
      }
    }
  }

  @Test func readsEverything() throws {
    let text = #" {"a" : [1, -2.5e+3, "x", true, false, null, {}, []], "b":{"c":"\u00e9\ud83d\ude00\/"}} "#
    #expect(
      try tokens([UInt8](text.utf8)) == [
        .beginObject, .key, .beginArray, .number, .number, .string, .true, .false, .null, .beginObject, .endObject,
        .beginArray, .endArray, .endArray, .key, .beginObject, .key, .string, .endObject, .endObject,
      ])
    #expect(try unescaped(#""\u00e9\ud83d\ude00\/\b""#) == [UInt8]("é\u{1F600}/\u{08}".utf8))
  }

  @Test func skipsValues() throws {
    let text = [UInt8](#"{"a":{"x":[1,{"y":2}]},"b":1,"c":"s"}"#.utf8)
    try text.withUnsafeBytes { bytes in
      var reader = JSONReader(bytes)
      #expect(try reader.next() == .beginObject)
      for name in ["a", "b", "c"] {
        #expect(try reader.next() == .key)
        #expect(try reader.string() == name)
        try reader.skipValue()
      }
      #expect(try reader.next() == .endObject)
      #expect(try reader.next() == .end)
    }
  }

  @Test(arguments: [
    "", " ", "{", "[", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "[1,]",
    "[1 2]", "{a:1}", "01", "-", "1.", "1e", "1e+", "+1", ".5", "tru", "nul", "\"", "\"a", "\"\\", "\"\\\"",
    "\"\u{1}\"", "{}{}", "[}", "{]", "1 1", "NaN", "'a'", "{\"a\" 1}", "{,}", "[,]", "\"\n\"",
  ])
  func refuses(text: String) {
    #expect(throws: FormatError.self) { try tokens([UInt8](text.utf8)) }
  }

  @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#, #""\u12""#, #""\u12g4""#, #""\q""#])
  func refusesEscapes(text: String) {
    #expect(throws: FormatError.self) { try unescaped(text) }
  }

  @Test func depthIsBounded() throws {
    let deep = [UInt8](repeating: 0x5B, count: 1_000_000)
    #expect(throws: FormatError.self) { try tokens(deep) }
    let legal = [UInt8](repeating: 0x5B, count: 64) + [UInt8](repeating: 0x5D, count: 64)
    #expect(try tokens(legal).count == 128)
  }

  @Test func everyCutAndFlipEnds() throws {
    let text = [UInt8](#"{"cf":"default","op":"put","key":"a\\x00\u00e9","value":[1.5e3,null,{"x":"y"}]}"#.utf8)
    for length in 0..<text.count {
      #expect(throws: FormatError.self) { try tokens(Array(text[..<length])) }
    }
    for position in text.indices {
      for byte: UInt8 in [0x00, 0x22, 0x5C, 0x7B, 0x5D, 0x80, 0xFF, 0x2C] {
        var damaged = text
        damaged[position] = byte
        // It may be valid or not; it must end.
        do { _ = try tokens(damaged) } catch { #expect(error is FormatError) }
      }
    }
  }
}
