/// Copies directories between file systems: a real one into the simulation, or an image of a crash out of it.
public import SofaDB

/// Copies the files and directories below `source` into `target`, and syncs them. Links and devices are left out.
public func copyTree(from source: any ReadableDirectory, to target: any Directory) throws(DatabaseError) {
  for entry in try source.entries() {
    switch entry.kind {
    case .file:
      let original = try source.open(entry.name)
      let content = try original.readExactly(Int(original.size), at: 0)
      let copy = try target.create(entry.name)
      try withExtendedLifetime(content) { () throws(DatabaseError) in try copy.append(content.bytes) }
      try copy.sync()
      try copy.close()
    case .directory:
      let inner = try target.createDirectory(entry.name)
      try copyTree(from: try source.readableDirectory(entry.name), to: inner)
    case .symbolicLink, .other: continue
    }
  }
  try target.sync()
}

extension SimulatedFileSystem {
  /// A file system whose directory `db` holds what the real directory at `path` holds.
  public static func importing(_ path: String) throws(DatabaseError) -> SimulatedFileSystem {
    let staging = SimulatedFileSystem()
    let source = try PosixFileSystem().readableDirectory(at: path)
    try copyTree(from: source, to: try staging.directory(at: "db"))
    staging.settle()
    return SimulatedFileSystem(disk: staging.disk)
  }

  /// Writes the directory `db` as a new directory `name` below the real directory at `path`.
  public func export(as name: String, into path: String) throws(DatabaseError) {
    let target = try PosixFileSystem().directory(at: path).createDirectory(name)
    try copyTree(from: try readableDirectory(at: "db"), to: target)
  }
}
