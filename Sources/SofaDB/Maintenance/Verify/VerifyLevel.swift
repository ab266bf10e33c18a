/// How deep `Verify` looks.
public enum VerifyLevel: String, Sendable, CaseIterable, Comparable {
  /// MANIFEST, existence, sizes, footers and properties.
  case quick
  /// And the checksum of every block.
  case blocks
  /// And every entry: order, separators, filters, counts, bounds and sequence numbers, levels, logs.
  case full

  public static func < (a: VerifyLevel, b: VerifyLevel) -> Bool { a.rank < b.rank }

  private var rank: Int { VerifyLevel.allCases.firstIndex(of: self) ?? 0 }
}
