/// What came of a dump.
public struct DumpReport: Sendable {
  /// Entries, blocks, edits or operations printed or counted.
  public var entries: UInt64 = 0
  public var findings = FindingSummary()
  /// Of the entries of all forms but layouts, properties, logs and manifests.
  public var digest: ContentDigest?
  /// Wide-column entities that were shown by their default column only.
  public var flattenedEntities: UInt64 = 0
  /// Merges that were shown as their operands, because the operator is not known.
  public var unmerged: UInt64 = 0

  /// The first thing that was not looked into, because of what it is and not of damage.
  var unread: DatabaseError?

  public init() {}

  /// Whether nothing was left out because of damage. A torn log tail leaves nothing out that a reader would see.
  public var isComplete: Bool { findings.worst != .error }
}

extension DumpReport {
  /// Adds what another dump came to.
  public mutating func add(_ other: DumpReport) {
    entries += other.entries
    findings.add(other.findings)
    flattenedEntities += other.flattenedEntities
    unmerged += other.unmerged
    unread = unread ?? other.unread
    guard let added = other.digest else { return }
    var sum = digest ?? ContentDigest()
    sum.add(added)
    digest = sum
  }
}
