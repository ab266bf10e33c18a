import SofaDB
import Testing

/// What one entry looks like in every form.
@Suite struct EntryWriterTests {
  private static func text(
    _ style: EntryStyle, family: String = "default", _ key: [UInt8], _ value: [UInt8]
  ) -> String {
    var writer = EntryWriter(style: style, family: family)
    key.withUnsafeBytes { key in value.withUnsafeBytes { writer.put(key, $0) } }
    return String(decoding: writer.output.bytes, as: UTF8.self)
  }

  private static func style(_ change: (inout EntryStyle) -> Void) -> EntryStyle {
    var style = EntryStyle()
    change(&style)
    return style
  }

  private static let key: [UInt8] = [0x6B, 0x09, 0xFF]
  private static let value: [UInt8] = [0x22, 0x5C, 0x0A]

  @Test func text() {
    #expect(Self.text(EntryStyle(), Self.key, Self.value) == "k\\x09\\xff\t\"\\\\\\x0a\n")
    #expect(Self.text(Self.style { $0.showsFamily = true }, family: "a\tb", Self.key, []) == "a\\x09b\tk\\x09\\xff\t\n")
    #expect(Self.text(Self.style { $0.keysOnly = true }, Self.key, Self.value) == "k\\x09\\xff\n")
    let hex = Self.style { ($0.keyFormat, $0.valueFormat) = (.hex, .hex) }
    #expect(Self.text(hex, Self.key, Self.value) == "0x6b09ff\t0x225c0a\n")
    #expect(Self.text(hex, [], []) == "0x\t0x\n")
  }

  @Test func csv() {
    let plain = Self.style { $0.form = .csv }
    #expect(Self.text(plain, Self.key, Self.value) == "0x6b09ff,0x225c0a\r\n")
    let number = Self.style { ($0.form, $0.keyFormat) = (.csv, .u64be) }
    #expect(Self.text(number, [0, 0, 0, 0, 0, 0, 0, 7], [0x61]) == "7,0x61\r\n")
    let readable = Self.style { ($0.form, $0.csvText, $0.showsFamily) = (.csv, true, true) }
    #expect(Self.text(readable, [0x3D], [0x22]) == "\"default\",\"'=\",\"\"\"\"\r\n")
  }

  @Test func ndjson() {
    let style = Self.style { $0.form = .ndjson }
    #expect(
      Self.text(style, Self.key, Self.value)
        == #"{"cf":"default","op":"put","key":"k\\x09\\xff","value":"\"\\\\\\x0a"}"# + "\n")
    let keys = Self.style { ($0.form, $0.keysOnly) = (.ndjson, true) }
    #expect(Self.text(keys, Self.key, Self.value) == #"{"cf":"default","op":"put","key":"k\\x09\\xff"}"# + "\n")
  }

  @Test func raw() {
    var writer = EntryWriter(style: Self.style { $0.form = .raw }, family: "default")
    Self.key.withUnsafeBytes { key in Self.value.withUnsafeBytes { writer.put(key, $0) } }
    #expect(writer.output.array == [3, 0, 0, 0] + Self.key + [3, 0, 0, 0] + Self.value)
  }

  @Test func entitiesAndMerges() {
    var writer = EntryWriter(style: Self.style { $0.form = .ndjson }, family: "f")
    let entity = WideColumnEntity(columns: [
      WideColumnEntity.Column(name: [], value: [0x64], isBlobReference: false),
      WideColumnEntity.Column(name: [0x61], value: [0x22], isBlobReference: false),
    ])
    let key: [UInt8] = [0x6B]
    key.withUnsafeBytes { writer.entity($0, entity) }
    let base: [UInt8] = [0x62]
    key.withUnsafeBytes { key in base.withUnsafeBytes { writer.merge(key, base: $0, operands: [[0x31], [0x32]]) } }
    key.withUnsafeBytes { writer.merge($0, base: nil, operands: [[0x31]]) }
    #expect(
      String(decoding: writer.output.bytes, as: UTF8.self) == """
        {"cf":"f","op":"entity","key":"k","columns":[["","d"],["a","\\""]]}
        {"cf":"f","op":"merge","key":"k","value":"b","operands":["1","2"]}
        {"cf":"f","op":"merge","key":"k","operands":["1"]}

        """)
    var plain = EntryWriter(style: EntryStyle(), family: "f")
    key.withUnsafeBytes { plain.entity($0, entity) }
    key.withUnsafeBytes { key in base.withUnsafeBytes { plain.merge(key, base: $0, operands: [[0x31], [0x32]]) } }
    #expect(String(decoding: plain.output.bytes, as: UTF8.self) == "k\td\nk\tb12\n")
  }
}
