import SofaTesting

@testable import SofaDB

/// Whole directories: opened, read, inspected, dumped, verified.
extension FuzzTarget {
  static let ofDirectories = [
    FuzzTarget("directory", longest: 1 << 15, rounds: 60) {
      try [
        "r783-wal", "main-wal", "r783-rangedel", "r783-entity", "r783-blob", "r1075-u64ts", "l123-levels", "r783-cfs",
        "main-basic", "r783-merge-append", "r783-empty", "l123-empty", "r783-txn", "main-embblob", "r1112-recycle",
        "r783-dict-zstd-trained", "r783-part-fv3", "main-sepkv", "r783-wal-torn",
      ].compactMap { try PackedDirectory.packed(Fixtures.path("databases/\($0)/db")) }.filter { $0.count <= 1 << 15 }
    } body: { bytes in
      try database(PackedDirectory.unpacked(bytes))
    },
    FuzzTarget("sofadb-go", longest: 8192, rounds: 500) {
      try ["sofadb-go-hand", "sofadb-go-engine", "sofadb-go-torn-header"].compactMap {
        try PackedDirectory.packed(Fixtures.path("databases/\($0)/db"), isGo: true)
      }.filter { $0.count <= 8192 }
    } body: { bytes in
      let directory = try SofaGoDirectory(PackedDirectory.unpacked(bytes))
      for emptyMeansDeleted in [false, true] {
        let cursor = try directory.cursor(emptyMeansDeleted: emptyMeansDeleted)
        while try cursor.next() { precondition(cursor.key.count + cursor.value.count <= bytes.count) }
        for damage in cursor.damages { _ = damage.reason }
      }
    },
  ]

  /// Where a dump goes that nobody reads.
  private final class Nowhere: DumpOutput, @unchecked Sendable {
    func write(_ bytes: UnsafeRawBufferPointer) {}
    func report(_ finding: Finding) {}
  }

  /// Each of the readers is tried, whatever the others say.
  private static func database(_ directory: MemoryDirectory) throws {
    _ = try DirectoryKind(directory)
    let steps: [() throws -> Void] = [
      {
        var inspect = Inspect(directory)
        inspect.jobs = 1
        inspect.findsBounds = true
        _ = try inspect.run()
      },
      { _ = try Verify(database: directory, jobs: 1).run { _ = ($0.detail, $0.code) } },
      {
        let view = try DatabaseView(database: directory)
        for versions in [false, true] {
          var style = EntryStyle()
          style.form = versions ? .ndjson : .text
          var selection = DumpEntries.Selection()
          selection.versions = versions
          let dump = DumpEntries(view, source: "input", style: style, selection: selection, jobs: 1)
          _ = try dump.run(Nowhere())
        }
      },
    ]
    for step in steps {
      do { try step() } catch let error as DatabaseError {
        guard [.corruption, .unsupported, .notFound, .invalid].contains(error.kind) else { throw error }
      }
    }
  }
}
