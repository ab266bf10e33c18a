import Foundation
import SofaTesting

@testable import SofaDB

/// Write-ahead logs and what their records hold.
extension FuzzTarget {
  static let ofLogs = [
    FuzzTarget("log") {
      let vectors = try Vectors("log-records")["files"].array
      let real = vectors.compactMap { $0.optional("file_hex").map { [0, 0] + $0.hexBytes } }.filter { $0.count < 4096 }
      return real + [[0, 2, 1, 3, 0, 1, 2, 3, 2, 1, 0, 7, 4, 1, 0, 8], [4, 2, 9, 4, 0, 7, 0, 0, 0, 1, 1, 0, 5]]
    } body: { bytes in
      try log(bytes)
    },
    FuzzTarget("log-round-trip", longest: 1 << 16, rounds: 300) {
      [[3, 0, 1, 2, 3, 0, 0], FuzzInput.encoded([UInt8](repeating: 7, count: 40_000)) ?? []]
    } body: { bytes in
      try logRoundTrip(bytes)
    },
    FuzzTarget("batch", longest: 1024) {
      try Vectors("write-batch")["batches"].array.map { $0["hex"].hexBytes }
    } body: { bytes in
      try batch(bytes)
    },
  ]

  private static func log(_ bytes: UnsafeRawBufferPointer) throws {
    var input = FuzzInput(bytes)
    let choice = input.byte()
    let file = MemoryFile(try PackedFile.unpacked(input.rest))
    let mode = RecoveryMode(rawValue: choice & 3) ?? .pointInTime
    let reader = LogReader(
      file: file, number: UInt64(choice >> 4), mode: mode, plainOnly: choice & 4 != 0, residentLimit: 1 << 20)
    var items = 0
    var end: UInt64 = 0
    while let item = try reader.next() {
      items += 1
      precondition(items <= file.content.count + 1, "more items than bytes")
      guard case .record(let record) = item else { continue }
      precondition(record.offset >= end && record.end > record.offset && record.end <= file.size)
      precondition(record.bytes.count <= 1 << 20)
      end = record.end
    }
  }

  private static func logRoundTrip(_ bytes: UnsafeRawBufferPointer) throws {
    var input = FuzzInput(bytes)
    var records: [UnsafeRawBufferPointer] = []
    let file = MemoryFile()
    let writer = LogWriter(file: file)
    while !input.isAtEnd {
      records.append(input.slice())
      try writer.append(records[records.count - 1])
    }
    let reader = LogReader(file: file, number: 0)
    for record in records {
      guard case .record(let read) = try reader.next() else { preconditionFailure("a record is missing") }
      precondition(read.bytes.elementsEqual(record), "a record changed on its way")
    }
    let rest = try reader.next()
    precondition(rest == nil && reader.isClean)
  }

  private static func batch(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = try WriteBatchReader(bytes)
    var copy = WriteBatch()
    var isCopied = true
    while let operation = try reader.next() {
      precondition(operation.key.count <= bytes.count && operation.value.count <= bytes.count)
      switch operation.kind {
      // Deletions with timestamps are plain deletions in a batch.
      case .entry(let kind): try copy.add(kind, operation.key, operation.value, family: operation.family)
      default: isCopied = false
      }
    }
    precondition(reader.found == reader.count)
    guard isCopied else { return }
    copy.setSequence(reader.sequence)
    var one = try WriteBatchReader(bytes)
    var two = try WriteBatchReader(copy.bytes)
    while let first = try one.next() {
      guard let second = try two.next() else { preconditionFailure("an operation is missing") }
      precondition(first.kind == second.kind && first.family == second.family && first.sequence == second.sequence)
      precondition(first.key.elementsEqual(second.key) && first.value.elementsEqual(second.value))
    }
    let rest = try two.next()
    precondition(rest == nil)
  }
}
