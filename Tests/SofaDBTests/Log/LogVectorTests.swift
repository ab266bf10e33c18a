/// Log files that RocksDB and LevelDB wrote, both ways.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LogVectorTests {
  /// Records and reasons of events, in order.
  static func read(
    _ content: [UInt8], number: UInt64 = 7, mode: RecoveryMode = .pointInTime, plainOnly: Bool = false
  ) throws -> (records: [[UInt8]], events: [LogEvent], reader: LogReader) {
    let reader = LogReader(file: MemoryFile(content), number: number, mode: mode, plainOnly: plainOnly)
    var records: [[UInt8]] = []
    var events: [LogEvent] = []
    while let item = try reader.next() {
      switch item {
      case .record(let record): records.append([UInt8](record.bytes))
      case .event(let event): events.append(event)
      }
    }
    return (records, events, reader)
  }

  static func write(_ records: [[UInt8]], recyclableNumber: UInt64? = nil) throws -> [UInt8] {
    let file = MemoryFile()
    let writer = LogWriter(file: file, recyclableNumber: recyclableNumber)
    for record in records { try writer.append(record) }
    return file.content
  }

  @Test func writesWhatTheEnginesWrite() throws {
    for vector in try Vectors("log-records")["files"].array {
      let name = vector["name"].string
      guard vector.optional("physical") != nil, !name.contains("zstd"), !name.hasPrefix("timestamp"),
        !name.hasPrefix("predecessor")
      else { continue }
      let records = vector["record_lengths"].array.map { Vectors.pattern($0.int) }
      let number = vector["log_number"].uint64
      let content = try LogVectorTests.write(records, recyclableNumber: vector["recyclable"].bool ? number : nil)
      #expect(UInt64(content.count) == vector["file_size"].uint64, "\(name)")
      let digest = content.withUnsafeBytes { SHA256.digest($0) }
      #expect(digest == vector["file_sha256"].hexBytes, "\(name)")
      for mode in RecoveryMode.allCases {
        let read = try LogVectorTests.read(content, number: number, mode: mode)
        let isSame = read.records == records
        #expect(isSame, "\(name)")
        #expect(read.events.isEmpty && read.reader.isClean, "\(name)")
      }
    }
  }

  @Test func readsSpecialRecords() throws {
    for vector in try Vectors("log-records")["files"].array {
      guard let hex = vector.optional("file_hex") else { continue }
      let records = vector["record_lengths"].array.map { Vectors.pattern($0.int) }
      let read = try LogVectorTests.read(hex.hexBytes, number: vector["log_number"].uint64)
      let isSame = read.records == records
      #expect(isSame, "\(vector["name"].string)")
      #expect(read.events.isEmpty)
      for family in vector.optional("timestamp_sizes")?.keys ?? [] {
        #expect(read.reader.timestampSizes[UInt32(family)!] == vector["timestamp_sizes"][family].int)
      }
      if let predecessor = vector.optional("predecessor") {
        #expect(read.reader.predecessor?.number == predecessor["log_number"].uint64)
        #expect(read.reader.predecessor?.size == predecessor["size"].uint64)
        #expect(read.reader.predecessor?.lastSequence == predecessor["last_sequence"].uint64)
      }
    }
  }
}
