/// The entries of a rescued table as readers see them, block by block: with the sequence number of an ingested table,
/// with timestamps that were stripped, and with values that lay elsewhere in the same file.
struct RescuedEntries: ~Copyable {
  private let rescue: TableRescue
  private let table: TableFile
  private let decompressor = Decompressor()
  private var cursor = BlockCursor()
  private var key = ByteWriter(capacity: 128)
  private var value = ByteWriter(capacity: 256)

  /// Only for a rescue that has a table.
  init(_ rescue: TableRescue) {
    self.rescue = rescue
    table = rescue.table!
  }

  typealias Each = (
    _ userKey: UnsafeRawBufferPointer, _ sequence: SequenceNumber, _ kind: EntryKind, _ value: UnsafeRawBufferPointer
  ) throws(DatabaseError) -> Void

  /// Gives the entries of one good block in order; what is borrowed lasts for the call. `lost`: entries whose value
  /// cannot be read.
  mutating func visit(
    _ handle: BlockHandle, _ each: Each, lost: (InternalKey) -> Void
  ) throws(DatabaseError) {
    let content = try table.readBlock(
      handle, kind: .data, dictionary: rescue.dictionary, decompressor: decompressor)
    defer { withExtendedLifetime(content) {} }
    do throws(FormatError) { try cursor.load(content.bytes) } catch { throw table.corruption(error, .data, at: handle) }
    while try step(handle) {
      let stored = cursor.key
      let trailer = stored.internalKeyTrailer
      guard var kind = EntryKind(rawValue: UInt8(truncatingIfNeeded: trailer)) else { continue }
      let sequence = rescue.globalSequence == 0 ? trailer >> 8 : rescue.globalSequence
      key.removeAll()
      key.append(stored.internalKeyUserKey)
      key.appendZeros(rescue.strippedTimestamp)
      guard rescue.hasEmbeddedBlobs, kind == .blobIndex || kind == .wideColumnEntity else {
        try each(key.bytes, sequence, kind, cursor.value)
        continue
      }
      if try resolve(&kind) {
        try each(key.bytes, sequence, kind, value.bytes)
      } else {
        lost(InternalKey(userKey: key.array, sequence: sequence, kind: kind))
      }
    }
  }

  private mutating func step(_ handle: BlockHandle) throws(DatabaseError) -> Bool {
    do throws(FormatError) { return try cursor.next() } catch { throw table.corruption(error, .data, at: handle) }
  }

  /// Puts the current value, read from wherever it is in this file, into `value`; false when it cannot be.
  private mutating func resolve(_ kind: inout EntryKind) throws(DatabaseError) -> Bool {
    value.removeAll()
    do throws(FormatError) {
      if kind == .blobIndex {
        guard let payload = try payload(cursor.value) else {
          value.append(cursor.value)
          return true
        }
        let content = try payload.get()
        withExtendedLifetime(content) { value.append(content.bytes) }
        kind = .value
        return true
      }
      var entity = try WideColumnEntity(cursor.value)
      guard entity.columns.contains(where: \.isBlobReference) else {
        value.append(cursor.value)
        return true
      }
      for index in entity.columns.indices where entity.columns[index].isBlobReference {
        let reference = ByteBuffer(entity.columns[index].value)
        defer { withExtendedLifetime(reference) {} }
        // Columns in a blob file cannot stand beside columns that moved here.
        guard let payload = try payload(reference.bytes) else { return false }
        let content = try payload.get()
        entity.columns[index] = WideColumnEntity.Column(
          name: entity.columns[index].name, value: withExtendedLifetime(content) { [UInt8](content.bytes) })
      }
      entity.encode(into: &value)
      return true
    } catch { return false }
  }

  /// The record that a reference names; nil when that lies in a blob file.
  private func payload(
    _ reference: UnsafeRawBufferPointer
  ) throws(FormatError) -> Result<ByteBuffer, FormatError>? {
    guard case .stored(0, let offset, let size, _) = try BlobIndex(reference) else { return nil }
    do throws(DatabaseError) {
      return .success(try table.readEmbeddedBlob(offset: offset, size: size))
    } catch { return .failure(FormatError("the value is damaged")) }
  }
}
