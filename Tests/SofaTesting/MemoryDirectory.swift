/// A directory of files in memory that is only read: for tests that damage one file of many thousands of times.
public import SofaDB

public final class MemoryDirectory: ReadableDirectory, @unchecked Sendable {
  public let path = "memory"
  /// By name. Changed only between reads.
  public var files: [String: MemoryFile]

  /// Names that were opened, once it is set to something.
  public var asked: Set<String>?

  public init(_ files: [String: [UInt8]]) {
    self.files = [:]
    for (name, content) in files { self.files[name] = MemoryFile(content, name: name) }
  }

  /// All regular files of another directory.
  public convenience init(copying directory: any ReadableDirectory) throws {
    var files: [String: [UInt8]] = [:]
    for entry in try directory.entries() where entry.kind == .file {
      let file = try directory.open(entry.name)
      let content = try file.readExactly(Int(file.size), at: 0)
      files[entry.name] = withExtendedLifetime(content) { [UInt8](content.bytes) }
    }
    self.init(files)
  }

  public func entries() throws(DatabaseError) -> [DirectoryEntry] {
    files.keys.map { DirectoryEntry(name: $0, kind: .file) }
  }

  public func attributes(of name: String) throws(DatabaseError) -> FileAttributes? {
    files[name].map { FileAttributes(kind: .file, size: $0.size) }
  }

  public func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
    asked?.insert(name)
    guard let file = files[name] else { throw DatabaseError(.notFound, file: name, "there is no such file") }
    return file
  }

  public func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
    throw DatabaseError(.notFound, file: name, "there is no such directory")
  }

  public func lockState(of name: String) throws(DatabaseError) -> LockState { .missing }
}
