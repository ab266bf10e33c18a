import SofaDB
import Testing

@Suite struct WideColumnEntityTests {
  private func decode(_ bytes: [UInt8]) throws -> WideColumnEntity {
    try bytes.withUnsafeBytes { raw throws(FormatError) in try WideColumnEntity(raw) }
  }

  private let sample = WideColumnEntity(columns: [
    .init(name: [], value: [1, 2], isBlobReference: false), .init(name: [0x61], value: [], isBlobReference: false),
    .init(name: [0x61, 0xFF], value: [9], isBlobReference: false),
  ])

  @Test func roundTripAndDefaultColumn() throws {
    var writer = ByteWriter()
    sample.encode(into: &writer)
    let decoded = try decode(writer.array)
    #expect(decoded == sample)
    #expect(decoded.defaultValue == [1, 2])
    #expect(decoded.replacingDefault([7]).defaultValue == [7])
  }

  @Test func everyTruncationIsRefused() throws {
    var writer = ByteWriter()
    sample.encode(into: &writer)
    let whole = writer.array
    for length in 0..<whole.count { #expect(throws: FormatError.self) { try decode(Array(whole[..<length])) } }
    #expect(throws: FormatError.self) { try decode(whole + [0]) }
  }

  @Test func columnsOutOfOrderAreRefused() throws {
    #expect(throws: FormatError.self) { try decode([1, 2, 1, 0x62, 0, 1, 0x61, 0]) }
    #expect(throws: FormatError.self) { try decode([1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]) }
  }
}
