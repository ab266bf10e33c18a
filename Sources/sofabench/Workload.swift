import SofaDB

/// One thing that is timed. Each run does the whole work; what a run needs before is prepared outside the clock.
struct Workload: Sendable {
  /// What one run did.
  struct Outcome: Sendable {
    var bytes: UInt64
    var entries: UInt64
  }

  let name: String
  let summary: String
  let run: @Sendable (ToolBench) throws(DatabaseError) -> Outcome

  static let all: [Workload] = [
    Workload(name: "crc32c", summary: "CRC-32C of 4 KiB blocks") { _ throws(DatabaseError) in
      Kernels.overBlocks { CRC32C.checksum($0) }
    },
    Workload(name: "xxh3", summary: "XXH3 of 4 KiB blocks") { _ throws(DatabaseError) in
      Kernels.overBlocks { UInt32(truncatingIfNeeded: XXH3.hash64($0)) }
    },
    Workload(name: "log-append", summary: "records of 100 bytes to a log, synced once") { bench throws(DatabaseError) in
      try bench.appendToLog(1_000_000, synced: false)
    },
    Workload(name: "log-sync", summary: "records of 100 bytes to a log, synced one by one") {
      bench throws(DatabaseError) in try bench.appendToLog(10_000, synced: true)
    },
    Workload(name: "bulk-load", summary: "rows of CSV in random order into a new database") {
      bench throws(DatabaseError) in try bench.load()
    },
    Workload(name: "verify-blocks", summary: "every checksum") { bench throws(DatabaseError) in
      try bench.verify(.blocks)
    },
    Workload(name: "verify-full", summary: "every checksum and entry") { bench throws(DatabaseError) in
      try bench.verify(.full)
    },
    Workload(name: "dump-hex", summary: "all entries as hexadecimal text, thrown away") { bench throws(DatabaseError) in
      try bench.dump(.hex)
    },
    Workload(name: "dump-text", summary: "all entries as escaped text, thrown away") { bench throws(DatabaseError) in
      try bench.dump(.escaped)
    },
    Workload(name: "readseq", summary: "a cursor over all visible entries, one thread") { bench throws(DatabaseError) in
      try bench.scan()
    },
  ]
}

/// Checksums over memory that stays in the cache of a core.
enum Kernels {
  private static let blocks = 1 << 16

  static func overBlocks(_ hash: (UnsafeRawBufferPointer) -> UInt32) -> Workload.Outcome {
    let buffer = ByteBuffer([UInt8](repeating: 0xA5, count: 64 << 10))
    var sum: UInt32 = 0
    for index in 0..<blocks {
      let start = (index & 15) << 12
      sum &+= hash(UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<(start + 4096)]))
    }
    withExtendedLifetime(sum) {}
    return Workload.Outcome(bytes: UInt64(blocks) << 12, entries: UInt64(blocks))
  }
}
