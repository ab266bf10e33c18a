/// Real databases on the simulated disk.
import SofaDB

extension SimulatedFileSystem {
  /// The regular files of the directory at `path` of the real file system as `db`, durable, and an empty `out`.
  public convenience init(copying path: String) throws {
    self.init(directories: ["db", "out"])
    let source = try PosixFileSystem().readableDirectory(at: path)
    let target = try directory(at: "db")
    for entry in try source.entries() where entry.kind == .file {
      let content = try source.open(entry.name)
      let bytes = try content.readExactly(Int(content.size), at: 0)
      let file = try target.create(entry.name)
      try withExtendedLifetime(bytes) { try file.append(bytes.bytes) }
      try file.sync()
      try file.close()
    }
    settle()
  }

  /// All bytes of a file; nil when there is none.
  public func content(of path: String) throws -> [UInt8]? {
    let parts = path.split(separator: "/").map(String.init)
    let directory = try readableDirectory(at: parts.dropLast().joined(separator: "/"))
    guard let name = parts.last, try directory.attributes(of: name) != nil else { return nil }
    let file = try directory.open(name)
    let bytes = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(bytes) { [UInt8](bytes.bytes) }
  }
}
