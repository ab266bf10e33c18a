/// What a database holds for its readers, family by family, as counts and digests that no compaction changes.
public struct ContentReport: Sendable, Equatable {
  public struct Family: Sendable, Equatable {
    public var name: String
    /// Keys that a reader sees.
    public var entries: UInt64 = 0
    public var digest = ContentDigest()
    /// Whether every entry could be read and put in order.
    public var isComplete = true
  }

  /// In the order of the MANIFEST.
  public internal(set) var families: [Family] = []
  /// False where damage, an unknown comparator or lost logs leave open what a reader would see: the digests are then
  /// those of what was readable.
  public internal(set) var isComplete = true

  public var entries: UInt64 { families.reduce(0) { $0 &+ $1.entries } }

  /// Of all families; the one in the trailer of a dump.
  public var digest: ContentDigest {
    var sum = ContentDigest()
    for family in families { sum.add(family.digest) }
    return sum
  }

  /// Appends the object that stands for it in reports.
  public func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("algorithm", ContentDigest.algorithm)
    json.field("value", digest.hex)
    json.field("entries", entries)
    json.field("complete", isComplete)
    json.key("families")
    json.beginArray()
    for family in families {
      json.beginObject()
      json.field("cf", EscapedText.printable(family.name))
      json.field("value", family.digest.hex)
      json.field("entries", family.entries)
      json.field("complete", family.isComplete)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }
}
