/// What can be wrong, by the names that scripts match on. The list only grows; raw values never change.
/// `FindingCatalogue` explains each.
public enum FindingCode: String, CaseIterable, Sendable {
  case blockChecksum = "block.checksum"
  case blockDecode = "block.decode"
  case blockZeroFilled = "block.zero-filled"
  case blockMisplaced = "block.misplaced"
  case tableOrder = "table.order"
  case tableSeparator = "table.separator"
  case tableFilterFalseNegative = "table.filter-false-negative"
  case tableProperties = "table.properties"
  case tableBounds = "table.bounds"
  case tableTruncated = "table.truncated"
  case tableNotATable = "table.not-a-table"
  case tableUnsupported = "table.unsupported"
  case tableNoChecksum = "table.no-checksum"
  case fileSize = "file.size"
  case fileMissing = "file.missing"
  case fileOrphan = "file.orphan"
  case fileSuperseded = "file.superseded"
  case fileDigest = "file.digest"
  case fileSpecial = "file.special"
  case manifestRecord = "manifest.record"
  case manifestTail = "manifest.tail"
  case manifestBounds = "manifest.bounds"
  case manifestSequence = "manifest.sequence"
  case levelOverlap = "level.overlap"
  case levelSequence = "level.sequence"
  case walRecord = "wal.record"
  case walTail = "wal.tail"
  case walGap = "wal.gap"
  case currentDangling = "current.dangling"
  case blobReference = "blob.reference"
  case envLocked = "env.locked"
  case envComparatorUnknown = "env.comparator-unknown"
  case envEncrypted = "env.encrypted"

  /// Whether it says that something was not looked into, rather than that something is wrong.
  public var isUnread: Bool {
    switch self {
    case .tableUnsupported, .fileSpecial, .envComparatorUnknown, .envEncrypted: true
    default: false
    }
  }

  /// How bad it is unless the finder knows better. A torn log tail is a warning: it cannot be told from a lost write.
  public var severity: Finding.Severity {
    switch self {
    case .fileOrphan, .fileSuperseded, .envLocked: .info
    case .walTail, .manifestTail, .tableNoChecksum, .envComparatorUnknown: .warning
    default: .error
    }
  }
}
