import SofaTesting

@testable import SofaDB

/// What is done with a hostile table: opened, scanned, asked, verified.
enum HostileCase {
  /// Everything that reads a table, on one that may be anything. Errors of other kinds than damage are passed on.
  static func exercise(_ content: [UInt8]) throws -> (error: DatabaseError?, findings: [Finding]) {
    let file = MemoryFile(content, name: "hostile.sst")
    var failure: DatabaseError?
    do throws(DatabaseError) {
      let table = try TableReader(file)
      _ = try TableContent(table)
      _ = try table.metaBlocks()
      let key = ByteBuffer(RawTable.key("a"))
      _ = try table.get(key.bytes)
      var cursor = table.cursor()
      try cursor.seek(key.bytes)
      try cursor.seekToLast()
      if cursor.isValid { try cursor.previous() }
      try readAsDatabase(file)
    } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
      failure = error
    }
    return (failure, try DamageSubject(name: "hostile", content: content).findings(file))
  }

  /// What `dump` shows of it.
  private static func readAsDatabase(_ file: MemoryFile) throws(DatabaseError) {
    let view = try DatabaseView(tables: [file.name], in: MemoryDirectory([file.name: file.content]))
    for family in view.families {
      var cursor = try view.cursor(family)
      try cursor.seekToFirst()
      while cursor.isValid { try cursor.next() }
    }
  }
}
