/// One rule that a version breaks, for reports and for refusing to commit.
public struct VersionViolation: Sendable, Equatable {
  public enum Rule: Sendable, Equatable {
    /// Two tables of a level below 0 overlap.
    case levelOverlap
    /// The age order of level 0 is ambiguous, or a level does not exist.
    case levelOrder
    /// Bounds of a table contradict each other or its sequence numbers.
    case bounds
    /// Sequence numbers beyond the last one, or a range upside down.
    case sequence
    /// A file number used twice, or not below the next one.
    case fileNumber
    /// A blob file is missing or has nothing but garbage.
    case blobReference
  }

  public let rule: Rule
  /// Column family id.
  public let family: UInt32
  public let level: Int?
  /// Numbers of the files concerned.
  public let files: [UInt64]
  /// In words, without keys.
  public let detail: String
}
