/// A stretch of a table that could not be read and was left out, with the keys around it. Versions that it held are
/// unknown: keys between the bounds may be missing, deleted, or shown in an older version.
public struct DamageGap: Sendable {
  public var file: String
  /// Bytes from the start of the file; nil when it is all of the table.
  public var offset: UInt64?
  /// Stored bytes that are lost; nil when unknown.
  public var length: UInt64?
  /// A user key at or before the first one lost; nil when unknown.
  public var from: [UInt8]?
  /// A user key at or after the last one lost; nil when unknown.
  public var to: [UInt8]?
  public var error: DatabaseError
}

/// Collects the gaps of one scan. Giving one to a cursor means "go on past damage"; without one, damage is thrown.
/// Used by the thread that scans.
public final class DamageLog {
  public private(set) var gaps: [DamageGap] = []
  /// Of `gaps`: an integer of its own, so that a scan can ask after every entry.
  private(set) var count = 0

  public init() {}

  func add(_ gap: DamageGap) {
    gaps.append(gap)
    count = gaps.count
  }
}
