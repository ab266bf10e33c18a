/// A directory whose files are read at a given pace: what stands above it needs to know nothing of limits.
public final class PacedDirectory: ReadableDirectory {
  private let base: any ReadableDirectory
  private let pace: ReadPace

  public init(_ base: any ReadableDirectory, pace: ReadPace) {
    self.base = base
    self.pace = pace
  }

  public var path: String { base.path }

  public func entries() throws(DatabaseError) -> [DirectoryEntry] { try base.entries() }

  public func attributes(of name: String) throws(DatabaseError) -> FileAttributes? { try base.attributes(of: name) }

  public func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
    PacedFile(try base.open(name), pace: pace)
  }

  public func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
    PacedDirectory(try base.readableDirectory(name), pace: pace)
  }

  public func lockState(of name: String) throws(DatabaseError) -> LockState { try base.lockState(of: name) }
}
