import SofaDB
import Testing

@Suite struct MergeOperatorTests {
  private func apply(
    _ name: String, delimiter: String? = nil, base: String?, _ operands: [String]
  ) throws -> String? {
    let merge = try #require(MergeOperator(name: name, delimiter: delimiter.map { Array($0.utf8) }))
    let bytes = base.map { ByteBuffer(Array($0.utf8)) }
    let key = ByteBuffer(Array("key".utf8))
    let result = try merge.apply(key: key.bytes, base: bytes?.bytes, operands: operands.map { Array($0.utf8) })
    return withExtendedLifetime((key, bytes)) { result.map { String(decoding: $0, as: UTF8.self) } }
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
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    #expect(try merge.apply(key: none, base: nil, operands: [one, [7], most]) == [UInt8](repeating: 0, count: 8))
  }

  @Test func customOperatorsAreToldTheKeyAndMayRefuse() throws {
    let merge = MergeOperator.custom(
      CustomMerge(name: "mine") { key, base, operands in
        operands.contains([0]) ? nil : key + (base ?? [9]) + operands.flatMap { $0 }
      })
    #expect(merge.name == "mine" && !merge.combinesOperands && MergeOperator.max.combinesOperands)
    #expect(merge == .custom(CustomMerge(name: "mine") { _, _, _ in nil }) && merge != .unknown(name: "mine"))
    #expect(try combined(merge, [1, 2], nil, [[3], [4, 5]]) == [1, 2, 9, 3, 4, 5])
    #expect(try combined(merge, [1, 2], [6], [[3]]) == [1, 2, 6, 3])
    let error = #expect(throws: DatabaseError.self) { try combined(merge, [1, 2], nil, [[3], [0]]) }
    #expect(error?.kind == .corruption)
  }

  private func combined(
    _ merge: MergeOperator, _ key: [UInt8], _ base: [UInt8]?, _ operands: [[UInt8]]
  ) throws -> [UInt8]? {
    try key.withUnsafeBytes { key in
      try (base ?? []).withUnsafeBytes { try merge.apply(key: key, base: base == nil ? nil : $0, operands: operands) }
    }
  }

  @Test func unknownOperatorsAreNeverGuessed() throws {
    #expect(MergeOperator(name: "nullptr") == nil)
    #expect(try apply("MyOperator", base: "x", ["a"]) == nil)
  }
}
