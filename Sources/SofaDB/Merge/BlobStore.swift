internal import Synchronization

/// Fetches values that tables keep as references: from blob files of one directory, or from the table itself.
/// Keeps at most `openLimit` blob files open. Safe to share between threads.
public final class BlobStore: Sendable {
  static let openLimit = 16
  /// No value may be larger, in bytes.
  static let valueLimit = 1 << 30

  private let directory: any ReadableDirectory
  private let open = Lock<[UInt64: BlobFile]>([:])

  public init(directory: any ReadableDirectory) { self.directory = directory }

  /// Appends the value that `reference` (the value of an entry of kind `blobIndex`) names.
  func fetch(
    _ reference: UnsafeRawBufferPointer, userKey: UnsafeRawBufferPointer, table: TableReader?,
    into output: inout ByteWriter
  ) throws(DatabaseError) {
    let index: BlobIndex
    do { index = try BlobIndex(reference) } catch {
      throw DatabaseError(.corruption, file: table?.name ?? "a log", "\(error.reason)")
    }
    switch index {
    case .inlined(_, let value): output.append(value)
    case .stored(0, let offset, let size, _):
      guard let table else { throw DatabaseError(.corruption, "a log refers to a blob inside a table") }
      let payload = try table.embeddedBlob(offset: offset, size: size)
      withExtendedLifetime(payload) { output.append(payload.bytes) }
    case .stored(let number, let offset, let size, let compression):
      let file = try blobFile(number)
      try file.value(
        at: offset, size: size, compression: compression, userKey: userKey, limit: BlobStore.valueLimit, into: &output)
    }
  }

  private func blobFile(_ number: UInt64) throws(DatabaseError) -> BlobFile {
    if let file = open.withLock({ $0[number] }) { return file }
    let file = try BlobFile(file: try directory.open(DatabaseFile.blob(number).name))
    open.withLock { files in
      if files.count >= BlobStore.openLimit, let any = files.keys.first { files[any] = nil }
      files[number] = file
    }
    return file
  }
}
