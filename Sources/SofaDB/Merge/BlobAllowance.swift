/// Holds one pass over entries to the bytes that their tables can have: every embedded blob belongs to one entry, so
/// what a pass fetches from a table is no longer than the table. Without it a small hostile table whose entries all
/// name its one large blob would cost the product of both.
struct BlobAllowance {
  /// Bytes fetched so far, by name of the table.
  private var fetched: [String: UInt64] = [:]

  /// Notes that the blob which `reference` names is about to be fetched from `table`. Throws `corruption` when all that
  /// was fetched is longer than the table.
  mutating func take(_ reference: UnsafeRawBufferPointer, of table: TableReader?) throws(DatabaseError) {
    guard let table else { return }
    let index: BlobIndex
    // Whoever fetches it says what is wrong with it.
    do { index = try BlobIndex(reference) } catch { return }
    guard case .stored(0, let offset, let size, _) = index else { return }
    let (sum, overflow) = fetched[table.name, default: 0].addingReportingOverflow(size)
    guard !overflow, sum <= table.file.size else {
      throw DatabaseError(
        .corruption, file: table.name, offset: offset, "entries refer to more embedded blobs than the file can hold")
    }
    fetched[table.name] = sum
  }
}
