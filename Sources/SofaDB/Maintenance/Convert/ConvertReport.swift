/// What a conversion did, or would do.
public struct ConvertReport: Sendable {
  public enum Action: String, Sendable {
    /// Rewritten with the new codec.
    case converted
    /// It has the codec already.
    case unchanged
    /// It would be rewritten.
    case planned
    /// It cannot be converted; `detail` says why.
    case refused
  }

  public struct Table: Sendable {
    /// The file as the user knows it.
    public var name: String
    /// Its name after the conversion, where that is another.
    public var newName: String?
    public var family: String?
    public var level: Int?
    public var action: Action
    /// The codec before, in one word; nil when it is not known.
    public var codec: String?
    /// Bytes of the file.
    public var sizeBefore: UInt64
    public var sizeAfter: UInt64
    /// What is the same before and after; nil where nothing was converted.
    public var digest: String?
    public var detail: String?
  }

  public var tables: [Table] = []
  /// Things that deserve a look.
  public var remarks: [String] = []
  public var seconds = 0.0
  /// The id of the change in the database's journal; nil when nothing was changed.
  public var change: String?

  /// About what the new tables take beside the old ones, in bytes.
  public var spaceNeeded: UInt64 = 0
  /// Bytes that are free where they go; nil where nobody asked.
  public var spaceFree: UInt64?

  public init() {}

  public var sizeBefore: UInt64 { tables.reduce(0) { $0 &+ $1.sizeBefore } }
  public var sizeAfter: UInt64 { tables.reduce(0) { $0 &+ $1.sizeAfter } }
  public func count(_ action: Action) -> Int { tables.count { $0.action == action } }
}
