/// Who may use a new file.
public enum FileAccess: Sendable, CaseIterable {
  /// As the directory's mode and, for root, its owner say: files of a database.
  case asDirectory
  /// Mode 0600, the user who runs: what is nobody else's business.
  case owner
  /// Mode 0644, whatever the umask: what other services are meant to read.
  case everyone
}
