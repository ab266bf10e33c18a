/// A path as the user gave it, split into the directory and the name in it, so that the name can be used through a
/// directory's handle.
public struct PathParts: Sendable, Equatable {
  /// "." for a path without "/".
  public let directory: String
  /// Not empty, not "." and not "..".
  public let name: String

  /// Slashes at the end are dropped. `invalid` when no name is left.
  public init(_ path: String) throws(DatabaseError) {
    var bytes = Array(path.utf8)
    while bytes.count > 1, bytes.last == 0x2F { bytes.removeLast() }
    let slash = bytes.lastIndex(of: 0x2F)
    let name = String(decoding: bytes[(slash.map { $0 + 1 } ?? 0)...], as: UTF8.self)
    guard !name.isEmpty, name != ".", name != ".." else {
      throw DatabaseError(.invalid, file: path, "a path that ends with a name is needed")
    }
    self.name = name
    switch slash {
    case nil: directory = "."
    case 0: directory = "/"
    case let slash?: directory = String(decoding: bytes[..<slash], as: UTF8.self)
    }
  }
}
