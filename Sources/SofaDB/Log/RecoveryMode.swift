/// What a damaged log means to whoever replays it: RocksDB's `wal_recovery_mode`, with its numbers.
///
/// MANIFEST files and LevelDB's logs are read with the rules of `tolerateCorruptedTail`.
public enum RecoveryMode: UInt8, Sendable, CaseIterable {
  /// An unfinished last record is dropped; any other damage is an error.
  case tolerateCorruptedTail = 0
  /// Any damage is an error.
  case absoluteConsistency = 1
  /// Replay stops before the first damage. RocksDB's default.
  case pointInTime = 2
  /// Damaged records are left out and reading goes on.
  case skipAnyCorrupted = 3

  /// RocksDB's spelling.
  public var name: String {
    switch self {
    case .tolerateCorruptedTail: "tolerate-corrupted-tail"
    case .absoluteConsistency: "absolute-consistency"
    case .pointInTime: "point-in-time"
    case .skipAnyCorrupted: "skip-any-corrupted"
    }
  }

  /// Whether an unfinished record at the end counts as damage.
  var reportsTornTail: Bool { self == .absoluteConsistency || self == .pointInTime }
}
