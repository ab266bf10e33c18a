/// Write batches that RocksDB wrote, both ways, and damaged ones.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct WriteBatchTests {
  struct Operation: Equatable {
    var kind: WriteOperation.Kind
    var family: UInt32
    var key: [UInt8]
    var value: [UInt8]
    var sequence: UInt64
  }

  static func operations(_ bytes: [UInt8]) throws(FormatError) -> [Operation] {
    try bytes.withUnsafeBufferPointer { (buffer) throws(FormatError) in
      var reader = try WriteBatchReader(UnsafeRawBufferPointer(buffer))
      var operations: [Operation] = []
      while let operation = try reader.next() {
        operations.append(
          Operation(
            kind: operation.kind, family: operation.family, key: [UInt8](operation.key),
            value: [UInt8](operation.value), sequence: operation.sequence))
      }
      return operations
    }
  }

  static func encode(_ operations: [Operation], sequence: UInt64) throws -> [UInt8] {
    var batch = WriteBatch()
    for operation in operations {
      switch operation.kind {
      case .entry(let kind): try batch.add(kind, operation.key, operation.value, family: operation.family)
      case .logData: try batch.note(operation.value)
      default: return []
      }
    }
    batch.setSequence(sequence)
    return [UInt8](batch.bytes)
  }

  @Test func vectorsGoBothWays() throws {
    for vector in try Vectors("write-batch")["batches"].array {
      let bytes = vector["hex"].hexBytes
      let sequence = UInt64(vector["sequence"].string)!
      let operations = try WriteBatchTests.operations(bytes)
      #expect(operations.count { if case .entry = $0.kind { true } else { false } } == vector["count"].int)
      let isPlain = operations.allSatisfy {
        switch $0.kind {
        case .entry, .logData: true
        default: false
        }
      }
      if isPlain { #expect(try WriteBatchTests.encode(operations, sequence: sequence) == bytes) }
    }
  }

  @Test func everyTagIsRead() throws {
    let mixed = Vectors.bytes(
      hex: "e80300000000000005000000010161013102016101320701620f0163016403046e6f7465000165")
    let operations = try WriteBatchTests.operations(mixed)
    #expect(operations.map(\.sequence) == [1000, 1001, 1002, 1003, 1004, 1004])
    #expect(
      operations.map(\.kind) == [
        .entry(.value), .entry(.merge), .entry(.singleDeletion), .entry(.rangeDeletion), .logData, .entry(.deletion),
      ])
    let prepared = try WriteBatchTests.operations(
      Vectors.bytes(hex: "1400000000000000010000000901016101310a0478696431"))
    #expect(prepared.map(\.kind) == [.beginPrepare, .entry(.value), .endPrepare])
    #expect(prepared[2].value == Array("xid1".utf8))
    let header: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let timed = try WriteBatchTests.operations(header + [0x15, 1, 9, 1, 8, 0x0D, 0x12, 0x13, 0x0C, 0])
    #expect(timed.map(\.kind) == [.commitWithTimestamp, .noop, .beginPersistedPrepare, .beginUnprepare, .rollback])
    #expect(timed[0].key == [9] && timed[0].value == [8])
  }

  @Test func unknownTagsAndWrongCountsAreErrors() {
    let header: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    for tag in UInt8.min...UInt8.max where WriteBatchFormat.entry(tag: tag) == nil && !(0x03...0x15).contains(tag) {
      #expect(throws: FormatError.self) { try WriteBatchTests.operations(header + [0, 0, 0, 0, tag, 0, 0, 0]) }
    }
    #expect(throws: FormatError.self) { try WriteBatchTests.operations(header + [0, 0, 0, 0, 0x14, 0]) }
    #expect(throws: FormatError.self) { try WriteBatchTests.operations(header + [1, 0, 0, 0]) }
    #expect(throws: FormatError.self) { try WriteBatchTests.operations(header + [0, 0, 0, 0, 0, 0]) }
    #expect(throws: FormatError.self) { try WriteBatchTests.operations(header + [1, 0, 0, 0, 0, 0, 0, 0]) }
    #expect(throws: FormatError.self) { try WriteBatchTests.operations(header + [1, 0, 0]) }
    let last: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 0]
    #expect(throws: FormatError.self) { try WriteBatchTests.operations(last + [2, 0, 0, 0, 0, 0, 0, 0]) }
  }

  // Museum J11: cut and flipped batches give an error or operations, never a trap.
  @Test func everyFlipAndCutEnds() throws {
    for vector in try Vectors("write-batch")["batches"].array {
      let bytes = vector["hex"].hexBytes
      for length in 0..<bytes.count {
        do { _ = try WriteBatchTests.operations(Array(bytes[..<length])) } catch {}
      }
      for bit in 0..<(bytes.count * 8) {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        do { _ = try WriteBatchTests.operations(damaged) } catch {}
      }
    }
  }

  @Test func batchesAreJoinedAndReused() throws {
    var first = WriteBatch()
    try first.put([1], [2])
    var second = WriteBatch()
    try second.delete([3], family: 7)
    try second.deleteRange([4], [5])
    try first.append(second)
    first.setSequence(9)
    let joined = [UInt8](first.bytes)
    #expect(joined[8] == 3)
    #expect(try WriteBatchTests.operations(joined).map(\.sequence) == [9, 10, 11])
    first.removeAll()
    let isEmpty = first.isEmpty
    #expect(isEmpty)
    let emptied = [UInt8](first.bytes)
    #expect(emptied == [UInt8](repeating: 0, count: 12))
  }
}
