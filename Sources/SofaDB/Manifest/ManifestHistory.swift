/// What replaying a MANIFEST gave: the state it leads to, how its end looks, and on request every record.
public struct ManifestHistory: Sendable {
  public struct Record: Sendable {
    /// File offset of the record's first header, and after its last byte.
    public let offset: UInt64
    public let end: UInt64
    public let edit: VersionEdit
  }

  public enum Tail: Sendable {
    /// Records up to the last byte: only then may the file be continued.
    case clean
    /// The end looks like a write that a crash cut off. The engines drop it and open the database; that the record
    /// was ever acknowledged cannot be told from the file.
    case torn(offset: UInt64, reason: String)
    /// Damage before the end, or a record that contradicts the state. Nothing behind it was applied.
    case corrupt(DatabaseError)
  }

  /// The file's name in its directory.
  public let name: String
  /// Bytes.
  public let size: UInt64
  /// The state after the last good record.
  public let version: Version
  /// Records applied, those of a cut-off atomic group not counted.
  public let recordCount: Int
  /// All of them, when asked for.
  public let records: [Record]
  public let tail: Tail

  /// Bytes at the end that no record applied.
  public var lostBytes: UInt64 {
    switch tail {
    case .clean: 0
    case .torn(let offset, _): size - min(offset, size)
    case .corrupt(let error): size - min(error.offset ?? size, size)
    }
  }

  public var isClean: Bool {
    if case .clean = tail { true } else { false }
  }

  /// The version, when the engines would open it; throws what is corrupt otherwise. A torn tail is accepted.
  public func readableVersion() throws(DatabaseError) -> Version {
    if case .corrupt(let error) = tail { throw error }
    return version
  }
}
