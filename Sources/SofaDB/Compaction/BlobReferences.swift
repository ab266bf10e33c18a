/// Follows values that live in blob files: which files an output still needs, and what becomes garbage. Values that
/// live inside an input table are brought along, because that table goes.
struct BlobReferences {
  /// RocksDB counts the header of a record, 32 bytes, and its key with the value.
  private static let headerSize: UInt64 = 32

  private(set) var garbage: [UInt64: CompactionResult.BlobGarbage] = [:]

  /// Notes that an entry is not written.
  mutating func drop(
    _ kind: EntryKind, _ value: UnsafeRawBufferPointer, userKeySize: Int, table: TableReader?
  ) throws(DatabaseError) {
    for reference in try BlobReferences.references(kind, value, table) {
      guard case .stored(let number, _, let size, _) = reference, number != 0 else { continue }
      var lost = garbage[number] ?? CompactionResult.BlobGarbage()
      lost.count += 1
      lost.bytes &+= size &+ BlobReferences.headerSize &+ UInt64(userKeySize)
      garbage[number] = lost
    }
  }

  /// The oldest blob file that an entry refers to.
  static func oldestFile(
    _ kind: EntryKind, _ value: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) -> UInt64? {
    try references(kind, value, table).compactMap { reference in
      if case .stored(let number, _, _, _) = reference, number != 0 { number } else { nil }
    }.min()
  }

  private static func references(
    _ kind: EntryKind, _ value: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) -> [BlobIndex] {
    do throws(FormatError) {
      if kind == .blobIndex { return [try BlobIndex(value)] }
      // Only the second version of entities has references.
      guard kind == .wideColumnEntity, value.first != 1 else { return [] }
      var references: [BlobIndex] = []
      for column in try WideColumnEntity(value).columns where column.isBlobReference {
        let bytes = ByteBuffer(column.value)
        defer { withExtendedLifetime(bytes) {} }
        references.append(try BlobIndex(bytes.bytes))
      }
      return references
    } catch {
      throw DatabaseError(.corruption, file: table?.name ?? "", "\(error.reason)")
    }
  }

  /// An entry without references into its own table; nil when it has none.
  static func resolved(
    _ kind: EntryKind, _ value: UnsafeRawBufferPointer, _ table: TableReader?
  ) throws(DatabaseError) -> (kind: EntryKind, value: [UInt8])? {
    let isEmbedded = { (reference: BlobIndex) in
      if case .stored(0, _, _, _) = reference { true } else { false }
    }
    let found = try references(kind, value, table)
    guard found.contains(where: isEmbedded), let table else { return nil }
    guard found.allSatisfy(isEmbedded) else {
      throw DatabaseError(.unsupported, file: table.name, "an entity refers to its own table and to blob files")
    }
    var payloads: [[UInt8]] = []
    for case .stored(_, let offset, let size, _) in found {
      let payload = try table.embeddedBlob(offset: offset, size: size)
      payloads.append(withExtendedLifetime(payload) { [UInt8](payload.bytes) })
    }
    if kind == .blobIndex { return (.value, payloads[0]) }
    var entity: WideColumnEntity
    do throws(FormatError) { entity = try WideColumnEntity(value) } catch {
      throw DatabaseError(error, file: table.name)
    }
    var next = 0
    for index in entity.columns.indices where entity.columns[index].isBlobReference {
      entity.columns[index].value = payloads[next]
      entity.columns[index].isBlobReference = false
      next += 1
    }
    var output = ByteWriter()
    entity.encode(into: &output)
    return (.wideColumnEntity, output.array)
  }
}
