/// What a picker wants done next: these tables into that level. A value; see `CompactionPlan` for how it is done.
public struct CompactionChoice: Sendable, Equatable {
  public enum Reason: String, Sendable {
    case level0 = "level 0 has too many tables"
    case levelSize = "the level is too large"
    case sizeAmplification = "older data takes too much space"
    case sizeRatio = "runs of similar size"
    case runCount = "too many runs"
    case manual = "asked for"
  }

  public let inputs: Set<UInt64>
  public let outputLevel: Int
  public let reason: Reason
  /// Whether the tables only change their level: nothing in the output level overlaps them, nor have they to be split.
  public let isMove: Bool
}
