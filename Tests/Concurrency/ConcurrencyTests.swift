import SofaTesting
import Testing

@testable import SofaDB

/// Many short histories of eight threads, on a simulated disk and on a real one. The seed is what an error names; the
/// order of the threads is up to the machine.
struct ConcurrencyTests {
  @Test(arguments: 0..<320) func aHistoryInMemoryIsPossible(_ seed: UInt64) throws {
    let history = try History(seed: seed, path: "disk/db", in: SimulatedFileSystem(directories: ["disk"]))
    #expect(history.run() == [])
  }

  @Test(arguments: 320..<400) func aHistoryOnDiskIsPossible(_ seed: UInt64) throws {
    let directory = try TemporaryDirectory()
    let history = try History(seed: seed, path: directory.path + "/db", in: PosixFileSystem())
    #expect(history.run() == [])
    withExtendedLifetime(directory) {}
  }

  @Test(arguments: SharedParts.all.indices) func aSharedPartHolds(_ part: Int) throws {
    #expect(try SharedParts.all[part](5_000) == [])
  }

  @Test func theCheckOfRegistersFindsWhatCannotBe() {
    func verdict(_ calls: [(RegisterLog.Call, UInt64, UInt64)]) -> Bool {
      var log = RegisterLog()
      for (call, start, end) in calls { log.add([1], call, from: start, to: end) }
      return log.impossibleKeys.isEmpty
    }
    // A read that began after a write had ended gives what was before it.
    #expect(!verdict([(.write([1]), 0, 1), (.write([2]), 2, 3), (.read([1]), 4, 5)]))
    // A write may take effect at any time between its begin and its end, for all at once.
    #expect(verdict([(.write([1]), 0, 1), (.write([2]), 2, 9), (.read([1]), 3, 4), (.read([2]), 5, 6)]))
    #expect(!verdict([(.write([1]), 0, 1), (.write([2]), 2, 9), (.read([2]), 3, 4), (.read([1]), 5, 6)]))
    #expect(!verdict([(.write([1]), 0, 1), (.write(nil), 2, 3), (.read([1]), 4, 5)]))
    #expect(verdict([(.read(nil), 0, 1), (.write([1]), 0, 5), (.write(nil), 0, 5), (.read(nil), 6, 7)]))
    #expect(!verdict([(.read([1]), 0, 1), (.write([1]), 2, 3)]))
  }
}
