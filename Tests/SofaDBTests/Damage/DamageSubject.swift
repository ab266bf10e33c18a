import SofaTesting

@testable import SofaDB

/// A table that tests damage, and what its readers and `Verify` need to know of it.
struct DamageSubject: Sendable, CustomStringConvertible {
  let name: String
  let content: [UInt8]
  /// As the MANIFEST has it; nil for a table on its own.
  var metadata: TableMetadata?
  var order: KeyOrder?

  var description: String { name }

  /// A file of its own for one thread to damage.
  func file() -> MemoryFile { MemoryFile(content, name: "subject.sst") }

  /// What `Verify` says about `file` at its deepest level, without what is only information.
  func findings(_ file: MemoryFile, level: VerifyLevel = .full) throws(DatabaseError) -> [Finding] {
    let audit = TableAudit(
      file, name: file.name, metadata: metadata, family: nil, order: order, level: level)
    try audit.run()
    return audit.findings.filter { $0.severity > .info }
  }

  func open(_ file: MemoryFile) throws(DatabaseError) -> TableReader {
    try TableReader(
      file, size: metadata?.size, order: order,
      largestSequence: metadata.flatMap { $0.hasSequences ? $0.largestSequence : nil })
  }

  /// What a reader of `file` gets, in order.
  func read(_ file: MemoryFile) -> TableOutcome {
    do throws(DatabaseError) {
      return .content(try TableContent(open(file)))
    } catch {
      return .refused(error)
    }
  }
}

enum TableOutcome {
  case content(TableContent)
  case refused(DatabaseError)
}

/// Everything that a table gives its readers, as a digest.
struct TableContent: Equatable {
  private(set) var entries = 0
  private(set) var digest: UInt32 = 0

  init(_ table: TableReader) throws(DatabaseError) {
    for tombstone in table.rangeDeletions {
      tombstone.begin.withUnsafeBytes { add($0) }
      tombstone.end.withUnsafeBytes { add($0) }
      withUnsafeBytes(of: tombstone.sequence) { add($0) }
    }
    var allowance = BlobAllowance()
    var cursor = table.cursor(readAhead: 4096)
    try cursor.seekToFirst()
    while cursor.isValid {
      entries += 1
      add(cursor.key)
      add(cursor.value)
      if UInt8(truncatingIfNeeded: cursor.key.internalKeyTrailer) == EntryKind.blobIndex.rawValue {
        try allowance.take(cursor.value, of: table)
        try addEmbeddedBlob(cursor, table)
      }
      try cursor.next()
    }
  }

  private mutating func addEmbeddedBlob(_ cursor: TableCursor, _ table: TableReader) throws(DatabaseError) {
    do throws(FormatError) {
      guard case .stored(0, let offset, let size, _) = try BlobIndex(cursor.value) else { return }
      let payload: ByteBuffer
      do throws(DatabaseError) { payload = try table.embeddedBlob(offset: offset, size: size) } catch {
        throw FormatError("embedded blob", at: Int(truncatingIfNeeded: offset))
      }
      withExtendedLifetime(payload) { add(payload.bytes) }
    } catch {
      throw DatabaseError(error, file: table.name)
    }
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
    withUnsafeBytes(of: bytes.count) { digest = CRC32C.checksum($0, continuing: digest) }
    digest = CRC32C.checksum(bytes, continuing: digest)
  }
}
