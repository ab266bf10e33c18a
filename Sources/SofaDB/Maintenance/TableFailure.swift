/// Why a whole table could not be read, as a finding.
enum TableFailure {
  /// Rethrows what has nothing to do with the file's content.
  static func finding(_ error: DatabaseError, file: String) throws(DatabaseError) -> Finding {
    switch error.kind {
    case .unsupported: return Finding(.tableUnsupported, file: file, offset: error.offset, detail: error.detail)
    case .corruption:
      let code: FindingCode = error.detail.contains("not a table") ? .tableNotATable : .tableTruncated
      return Finding(code, file: file, offset: error.offset, detail: error.detail)
    case .special: return Finding(.fileSpecial, file: file, detail: error.detail)
    case .notFound: return Finding(.fileMissing, file: file, detail: error.detail)
    default: throw error
    }
  }
}
