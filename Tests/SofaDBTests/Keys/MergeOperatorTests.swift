import SofaDB
import Testing

@Suite struct MergeOperatorTests {
  private func apply(
    _ name: String, delimiter: String? = nil, base: String?, _ operands: [String]
  ) throws -> String? {
    let merge = try #require(MergeOperator(name: name, delimiter: delimiter.map { Array($0.utf8) }))
    let bytes = base.map { ByteBuffer(Array($0.utf8)) }
    let result = merge.apply(base: bytes?.bytes, operands: operands.map { Array($0.utf8) })
    return result.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func stringAppendJoinsWithTheDelimiter() throws {
    #expect(try apply("StringAppendOperator", base: nil, ["a", "b"]) == "a,b")
    #expect(try apply("StringAppendOperator", base: "x", ["a"]) == "x,a")
    #expect(try apply("StringAppendOperator", base: "", ["a"]) == ",a")
    #expect(try apply("StringAppendOperator", delimiter: "--", base: "x", ["a", "b"]) == "x--a--b")
  }

  @Test func maxAndPutPickOne() throws {
    #expect(try apply("MaxOperator", base: "b", ["a", "c", "bb"]) == "c")
    #expect(try apply("PutOperator", base: "b", ["a", "z", "c"]) == "c")
  }

  @Test func counterIgnoresOperandsOfOtherSizes() throws {
    let merge = try #require(MergeOperator(name: "UInt64AddOperator"))
    let one: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    let most = [UInt8](repeating: 0xFF, count: 8)
    #expect(merge.apply(base: nil, operands: [one, [7], most]) == [UInt8](repeating: 0, count: 8))
  }

  @Test func unknownOperatorsAreNeverGuessed() throws {
    #expect(MergeOperator(name: "nullptr") == nil)
    #expect(try apply("MyOperator", base: "x", ["a"]) == nil)
  }
}
