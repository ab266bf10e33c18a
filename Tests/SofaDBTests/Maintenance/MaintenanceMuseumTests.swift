/// Failures of other systems' tools, tried on ours; the numbers are those of the list that they come from.
import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct MaintenanceMuseumTests {
  /// A file whose first read over a place gives one wrong bit.
  private final class FlickeringFile: RandomAccessFile {
    private let file: any RandomAccessFile
    private let place: UInt64
    private let left: Mutex<Int>

    init(_ file: any RandomAccessFile, at place: UInt64, times: Int) {
      self.file = file
      self.place = place
      left = Mutex(times)
    }

    var name: String { file.name }
    var size: UInt64 { file.size }
    func adviseSequential() {}
    func dropCache(offset: UInt64, length: UInt64) {}

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
      let count = try file.read(into: buffer, at: offset)
      guard place >= offset, place < offset + UInt64(count) else { return count }
      let flips = left.withLock { left in
        left -= 1
        return left >= 0
      }
      if flips { buffer[Int(place - offset)] ^= 0x10 }
      return count
    }
  }

  /// K5: a bit flipped on its way from the device was reported once and never found again. It is read again, and
  /// called what it is.
  @Test(arguments: [1, 1000]) func museumK5TransientFlipsAreTold(times: Int) throws {
    let table = try PosixFileSystem().readableDirectory(at: FixtureDatabase("r783-levels").path).open("000010.sst")
    let audit = TableAudit(
      FlickeringFile(table, at: 100, times: times), name: "000010.sst", metadata: nil, family: nil, order: .bytewise,
      level: .full)
    try audit.run()
    let finding = try #require(audit.findings.first)
    #expect(finding.code == .blockChecksum && finding.block == .data)
    #expect(finding.cause?.hasPrefix(times == 1 ? "transient" : "persistent") == true, "\(finding.cause ?? "")")
  }

  /// K8: readers search the metaindex, so its names must be in byte order, whatever blocks a table has.
  @Test(arguments: 0..<12) func museumK8TheMetaindexIsInOrder(number: Int) throws {
    var table = TableCase(number)
    table.options.compression = .zstd
    table.options.trainedDictionarySize = number % 2 == 0 ? 1024 : 0
    table.options.filterBitsPerKey = number % 3 == 0 ? 0 : 10
    let directory = try SimulatedFileSystem().directory(at: "db")
    _ = try table.write("t.sst", in: directory)
    let names = try TableFile(directory.open("t.sst")).readMetaIndex().entries.map(\.name)
    #expect(names == names.sorted { $0.lexicographicallyPrecedes($1) } && !names.isEmpty)
  }

  /// K9: a clock that went backwards made a tool delete the newest files. Order comes from numbers, never from time.
  @Test func museumK9TheClockGoesBackwards() throws {
    let edit = try EditCase("r783-levels")
    var states = [try edit.files()]
    for (round, now) in [2_000_000_000, 1_000_000_000, 0].enumerated() as EnumeratedSequence<[UInt64]> {
      let database = try ExclusiveDatabase("db", in: edit.system, time: ManualTime(now: now))
      let plan = try edit.plan(.set(.nextFile, 5000 + 1000 * UInt64(round)))
      _ = try EditManifest.commit(plan, to: database)
      database.close()
      states.append(try edit.files())
    }
    let ids = try Journal.entries(of: edit.directory).map(\.id)
    #expect(ids == ["1-manifest-edit", "2-manifest-edit", "3-manifest-edit"])
    for state in states.dropLast().reversed() {
      try edit.undo()
      #expect(try edit.files() == state)
    }
  }
}
