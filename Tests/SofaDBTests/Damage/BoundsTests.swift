import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Hostile files of at most 1 MiB take at most a second and 64 MiB, whatever sizes they declare; a compressed log may
/// have one record of 256 MiB in memory. Measured in a process of its own.
@Suite struct BoundsTests {
  static let limit = 64 << 20

  /// A data block of a terabyte, in 111 bytes.
  static let smallFileHugeBlock: [UInt8] = {
    var table = RawTable()
    let wild = BlockHandle(offset: 0, size: 1 << 40)
    let index = table.add(RawTable.block([(RawTable.key("z"), RawTable.handle(wild))]))
    let small = table.close(index: index)
    // The rest in front, as a data block would be.
    var padded = RawTable()
    padded.fill(111 - small.count)
    let moved = padded.add(RawTable.block([(RawTable.key("z"), RawTable.handle(wild))]))
    return padded.close(index: moved)
  }()

  /// Blocks of a few bytes that declare 4 GiB, or the most that the limit allows.
  static let bombs: [(codec: UInt8, payload: [UInt8])] = {
    var bombs: [(UInt8, [UInt8])] = []
    for size in [UInt64(UInt32.max), 1 << 31, 64 << 20, (64 << 20) + 1] as [UInt64] {
      for codec in [UInt8(1), 2, 4, 5, 7] {
        bombs.append((codec, RawTable.varints(size) + [UInt8](repeating: 0, count: 40)))
      }
    }
    // zstd frames that declare as much themselves: single segment, eight bytes of content size.
    for size in [UInt64.max, .max - 1, .max - 2, 1 << 40, 1 << 32] as [UInt64] {
      var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0]
      withUnsafeBytes(of: size.littleEndian) { frame += $0 }
      bombs.append((7, RawTable.varints(UInt64(UInt32.max)) + frame + [1, 0, 0]))
      bombs.append((7, RawTable.varints(1 << 20) + frame + [1, 0, 0]))
    }
    return bombs
  }()

  @Test func smallFilesTakeLittle() async {
    await #expect(processExitsWith: .success) {
      for (name, content) in try BoundsTests.tables() {
        precondition(content.count <= 1 << 20, "\(name): \(content.count)")
        try BoundsTests.measure(name, Double(content.count)) { _ = try HostileCase.exercise(content) }
      }
    }
  }

  @Test func smallDirectoriesTakeLittle() async {
    await #expect(processExitsWith: .success) {
      for (name, files) in try HostileDirectory.all() {
        let directory = MemoryDirectory(files)
        try BoundsTests.measure(name, 0) {
          _ = try MuseumDirectoryTests.verify(directory)
          do throws(DatabaseError) {
            let view = try DatabaseView(database: directory)
            for family in view.families.prefix(10) where family.order.isKnown {
              var cursor = try view.cursor(family)
              try cursor.seekToFirst()
              while cursor.isValid { try cursor.next() }
            }
          } catch {
            precondition(error.kind == .corruption || error.kind == .notFound, "\(error)")
          }
        }
      }
    }
  }

  /// A MANIFEST of 100,000 tables, with a history: at most 5 seconds and 300 MiB.
  @Test func hundredThousandTables() async {
    await #expect(processExitsWith: .success) {
      let manifest = try HostileDirectory.manifest(tables: 100_000)
      try BoundsTests.measure("100,000 tables", 0, seconds: 5, bytes: 300 << 20) {
        let history = try ManifestReader.read(MemoryFile(manifest, name: "MANIFEST-000001"))
        precondition(history.isClean && history.version.tableCount == 100_000)
      }
    }
  }

  // MARK: Measuring

  /// Ends the process when `body` takes more than it may.
  static func measure(
    _ name: String, _ size: Double, seconds: Double = 1, bytes: Int = limit, _ body: () throws -> Void
  ) throws {
    try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    let before = try status("VmRSS")
    let start = processorSeconds
    try body()
    let time = processorSeconds - start
    let grown = try status("VmHWM") - before
    #if DEBUG
      let slack = 60.0
    #else
      let slack = 2.0
    #endif
    if ProcessInfo.processInfo.environment["SOFA_SHOW_BOUNDS"] != nil {
      print("\(name): \(Int(time * 1000)) ms, \(grown >> 10) KiB")
    }
    precondition(time < seconds * slack, "\(name) took \(time) seconds")
    precondition(grown < bytes, "\(name) took \(grown) bytes")
  }

  /// Of this process: other tests run beside this one.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func status(_ field: String) throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix(field + ":") }
    return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
  }

  // MARK: Hostile tables

  static func tables() throws -> [(name: String, content: [UInt8])] {
    var tables: [(String, [UInt8])] = [("111 bytes", smallFileHugeBlock)]
    for (number, bomb) in bombs.enumerated() {
      tables.append(("bomb \(number)", RawTable.around(bomb.payload, type: bomb.codec)))
      var table = RawTable()
      tables.append(
        (
          "index bomb \(number)",
          {
            let index = table.add(bomb.payload, type: bomb.codec); return table.close(index: index)
          }()
        ))
    }
    tables += realBombs()
    tables += [
      ("one block many times in the metaindex", repeatedMetaBlocks("x")),
      ("one filter many times", repeatedMetaBlocks("partitionedfilter.x")),
      ("one partition many times", repeatedPartitions("rocksdb.range_del", twoLevel: true)),
      (
        "one filter partition many times",
        repeatedPartitions("partitionedfilter.rocksdb.BuiltinBloomFilter", twoLevel: false)
      ),
      ("properties in falling order", fallingProperties()),
      ("long keys that share all", sharedKeys(inIndex: false)),
      ("long separators that share all", sharedKeys(inIndex: true)),
      ("one embedded blob many times", repeatedBlob()),
      ("an index that goes back", indexGoingBack()),
      ("empty blocks", emptyBlocks()),
    ]
    return tables
  }
}
