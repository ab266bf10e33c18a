/// What becomes of rows with the same key.
public enum DuplicatePolicy: String, Sendable, CaseIterable {
  /// The load fails.
  case error
  /// The row that comes first in the input stays.
  case first
  /// The row that comes last in the input stays.
  case last
}
