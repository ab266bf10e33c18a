/// Which WALs of a directory are replayed over a version, and for which column families.
public struct LogSelection: Sendable, Equatable {
  /// Numbers of the logs to replay, ascending.
  public let replayed: [UInt64]
  /// Numbers of the logs whose contents are in tables already, ascending.
  public let obsolete: [UInt64]

  private let logNumbers: [UInt32: UInt64]
  private let dialect: ManifestDialect

  /// `present` are the numbers of the `.log` files there are, in any order. With `twoPhaseCommit` (RocksDB's option
  /// `allow_2pc`) logs are kept by the MANIFEST's smallest log number to keep alone.
  public init(_ version: Version, present: some Sequence<UInt64>, twoPhaseCommit: Bool = false) {
    dialect = version.dialect
    logNumbers = Dictionary(version.families.map { ($0.id, $0.logNumber) }, uniquingKeysWith: { $1 })
    let oldest = version.families.lazy.map(\.logNumber).min() ?? 0
    let first: UInt64
    switch version.dialect {
    case .leveldb: first = oldest
    case .rocksdb: first = twoPhaseCommit ? version.minLogNumberToKeep : max(version.minLogNumberToKeep, oldest)
    }
    let previous = version.dialect == .leveldb && version.previousLogNumber != 0 ? version.previousLogNumber : nil
    let sorted = present.sorted()
    replayed = sorted.filter { $0 >= first || $0 == previous }
    obsolete = sorted.filter { $0 < first && $0 != previous }
  }

  /// Whether entries of `family` in log `number` are applied. Those that are not still take their sequence numbers;
  /// families that do not exist any more are among them.
  public func applies(family: UInt32, inLog number: UInt64) -> Bool {
    guard let first = logNumbers[family] else { return false }
    return dialect == .leveldb || number >= first
  }
}
