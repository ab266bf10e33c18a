internal import Glibc

/// The real file system. Paths come from the user only: the directory that one names may be a symbolic link, nothing
/// inside it may. Below, a name is always a single component, opened relative to its directory and without following
/// links, so that no content of a file and no rename by another process can lead outside.
public struct PosixFileSystem: FileSystem {
  private let budget: OpenFileBudget

  /// `openFiles`: how many files are kept open for reading at once; more may be in use, see `OpenFileBudget`. The
  /// default leaves a check or a dump of any size below 64 descriptors.
  public init(openFiles: Int = 40) { budget = OpenFileBudget(openFiles) }

  public func readableDirectory(at path: String) throws(DatabaseError) -> any ReadableDirectory {
    try PosixReadableDirectory(path: path, descriptor: PosixFileSystem.openDirectory(path), budget: budget)
  }

  public func directory(at path: String) throws(DatabaseError) -> any Directory {
    try PosixDirectory(path: path, descriptor: PosixFileSystem.openDirectory(path), budget: budget)
  }

  public func attributes(at path: String) throws(DatabaseError) -> FileAttributes? {
    try PosixFileSystem.check(path)
    var status = stat()
    do {
      _ = try Errno.retrying { stat(path, &status) }
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return nil }
      throw SystemError.inspecting(path, error)
    }
    return FileAttributes(status)
  }

  private static func openDirectory(_ path: String) throws(DatabaseError) -> Descriptor {
    try check(path)
    do {
      return try Descriptor(opening: path, in: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY)
    } catch {
      throw SystemError.openingDirectory(path, error)
    }
  }

  private static func check(_ path: String) throws(DatabaseError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw DatabaseError(.invalid, file: path, "a path may not be empty or hold a zero byte")
    }
  }
}

extension FileAttributes {
  init(_ status: stat) {
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      default: .other
      }
    self.init(
      kind: kind, size: UInt64(max(0, status.st_size)), linkCount: UInt64(status.st_nlink),
      modified: Int64(status.st_mtim.tv_sec), modifiedNanoseconds: Int64(status.st_mtim.tv_nsec),
      fileID: UInt64(status.st_ino), device: UInt64(status.st_dev),
      permissions: UInt16(truncatingIfNeeded: status.st_mode & 0o7777))
  }
}
