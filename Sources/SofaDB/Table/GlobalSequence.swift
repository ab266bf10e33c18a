/// Which sequence number the entries of a table have. External files are written with 0 everywhere; ingestion gives
/// the whole file one number, kept in the MANIFEST and, by some engines, in the file's properties too. Source:
/// RocksDB's `GetGlobalSequenceNumber`.
enum GlobalSequence {
  /// The number that replaces every stored one; 0 when nothing is replaced. `largest` is the largest sequence number
  /// that the MANIFEST records for the file, nil when the file is read on its own.
  static func resolve(
    _ properties: TableProperties, largest: SequenceNumber?
  ) throws(FormatError) -> SequenceNumber {
    guard let version = properties.externalVersion else {
      guard properties[.globalSequence] == nil else {
        throw FormatError("global sequence number without the version of an external file")
      }
      return 0
    }
    if version == 1 { return 0 }
    guard version == 2 else { throw FormatError("unknown version of an external file") }
    let own = properties.globalSequence ?? 0
    guard own <= SequenceNumber.maximum, largest ?? 0 <= SequenceNumber.maximum else {
      throw FormatError("sequence number out of range")
    }
    guard let largest, largest != own else { return own }
    guard own == 0 else { throw FormatError("global sequence number is not the one of the MANIFEST") }
    return largest
  }
}
