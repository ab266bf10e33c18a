/// The sums of one level of a family, or of all its tables where no MANIFEST says levels.
public struct InspectedLevel: Sendable {
  /// nil where no MANIFEST says it.
  public var number: Int?
  public var files = 0
  public var bytes: UInt64 = 0
  /// Sums over the tables that tell; nil when none does.
  public var entries: UInt64?
  public var deletions: UInt64?
  /// Tables that do not tell their number of entries.
  public var silent = 0
  public var smallestSequence: SequenceNumber?
  public var largestSequence: SequenceNumber?
  /// Creation times, seconds since 1970.
  public var oldest: UInt64?
  public var newest: UInt64?

  public init(number: Int? = nil) { self.number = number }

  mutating func add(_ table: InspectedTable) {
    files += 1
    bytes &+= table.size
    if let count = table.entries { entries = (entries ?? 0) &+ count } else { silent += 1 }
    if let count = table.deletions { deletions = (deletions ?? 0) &+ count }
    if let first = table.smallestSequence { smallestSequence = min(smallestSequence ?? first, first) }
    if let last = table.largestSequence { largestSequence = max(largestSequence ?? last, last) }
    if let time = table.created {
      oldest = min(oldest ?? time, time)
      newest = max(newest ?? time, time)
    }
  }
}
