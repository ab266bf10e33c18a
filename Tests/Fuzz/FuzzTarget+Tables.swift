import Foundation
import SofaTesting

@testable import SofaDB

/// Whole tables, with checksums that are right whatever the blocks hold.
extension FuzzTarget {
  static let ofTables = [
    FuzzTarget("table", longest: 8192, rounds: 300) {
      let minimal = try Vectors("minimal-sst")["files"].array.map { $0["file_hex"].hexBytes }
      return try minimal.flatMap { [try PackedFile.packed(table: $0) ?? [], PackedFile.packed(raw: $0)] }
        + fixtures()
    } body: { bytes in
      try table(MemoryFile(PackedFile.unpacked(bytes), name: "000009.sst"))
    }
  ]

  /// The smallest tables of directories with every feature.
  private static func fixtures() throws -> [[UInt8]] {
    try FixtureDatabase.all.compactMap { fixture in
      let names = try FileManager.default.contentsOfDirectory(atPath: fixture.path)
      let contents = try names.filter { $0.hasSuffix(".sst") || $0.hasSuffix(".ldb") }.map {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture.path + "/" + $0)))
      }
      guard !fixture.name.hasPrefix("sofadb-go"), let smallest = contents.min(by: { $0.count < $1.count }) else {
        return nil
      }
      do {
        guard smallest.count <= 8000 else { return nil }
        return try PackedFile.packed(table: smallest)
      } catch { return nil }
    }
  }

  private static func table(_ file: MemoryFile) throws {
    let audit = TableAudit(file, name: file.name, metadata: nil, family: nil, order: nil, level: .full)
    try audit.run()
    let table = try TableReader(file)
    _ = try table.metaBlocks()
    var keys: [ByteBuffer] = []
    var entries = 0
    var cursor = table.cursor(readAhead: 4096)
    try cursor.seekToFirst()
    while cursor.isValid {
      entries += 1
      if keys.count < 10 { keys.append(ByteBuffer(copying: cursor.key)) }
      try cursor.next()
    }
    precondition(entries <= 64 * Int(file.size) + 1, "more entries than bytes")
    for key in keys {
      try withExtendedLifetime(key) {
        try cursor.seek(key.bytes)
        _ = try table.get(key.bytes)
        _ = try table.mayContain(key.bytes.internalKeyUserKey)
      }
    }
    try cursor.seekToLast()
    var steps = 0
    while cursor.isValid, steps < 100 {
      steps += 1
      try cursor.previous()
    }
  }
}
