/// What a shell may offer where a value is expected.
public enum ValueCompletion: Sendable, Equatable {
  /// Free text.
  case nothing
  /// One of these words.
  case words([Word])
  /// Any file or directory; with suffixes (such as "sst") directories and files that end so.
  case paths(suffixes: [String])
  case directories

  public struct Word: Sendable, Equatable {
    public let name: String
    /// One line, may be empty.
    public let summary: String

    public init(_ name: String, _ summary: String = "") {
      self.name = name
      self.summary = summary
    }
  }

  public static let paths = ValueCompletion.paths(suffixes: [])
}
