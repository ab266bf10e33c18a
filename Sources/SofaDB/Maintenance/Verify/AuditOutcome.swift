/// What came of one file: remembered, it stands for reading the file again.
struct AuditOutcome: Sendable, Equatable {
  var findings: [Finding] = []
  /// Of a table: the blob files that it refers to, and what its references say of their compression.
  var blobReferences: [UInt64: Set<UInt8>] = [:]
  /// Of a blob file: what its header says; nil where it cannot be read.
  var compression: UInt8?
}
