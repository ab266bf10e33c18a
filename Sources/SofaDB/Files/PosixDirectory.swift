internal import CSofaKernels
internal import Glibc

/// An open directory of the real file system whose names may change.
///
/// New files get the directory's owner (when run as root) and its permissions without execution and without write
/// permission for others, whatever the umask: a service must be able to read what root repaired. In a directory that
/// is shared through the sticky bit, as /tmp is, they stay private to this user.
final class PosixDirectory: PosixReadableDirectory, Directory, @unchecked Sendable {
  func create(_ name: String, access: FileAccess) throws(DatabaseError) -> any AppendFile {
    PosixAppendFile(name: file(name), descriptor: try createFile(name, flags: O_WRONLY, access))
  }

  func createLog(_ name: String) throws(DatabaseError) -> any AppendFile {
    PosixAppendFile(name: file(name), descriptor: try createFile(name, flags: O_WRONLY), isLog: true)
  }

  private func createFile(
    _ name: String, flags: Int32, _ access: FileAccess = .asDirectory
  ) throws(DatabaseError) -> Descriptor {
    try check(name)
    do {
      let created = try Descriptor(
        opening: name, in: descriptor.number, flags: flags | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
      switch access {
      case .asDirectory: adopt(created.number, permissions: 0o664)
      case .owner: break
      case .everyone: _ = try Errno.retrying { fchmod(created.number, 0o644) }
      }
      return created
    } catch {
      throw SystemError.creating(file(name), error)
    }
  }

  func createDirectory(_ name: String) throws(DatabaseError) -> any Directory {
    try check(name)
    do {
      _ = try Errno.retrying { mkdirat(descriptor.number, name, 0o700) }
    } catch {
      throw SystemError.creating(file(name), error)
    }
    let created = try openDirectory(name)
    adopt(created.number, permissions: 0o700)
    return PosixDirectory(path: file(name), descriptor: created, budget: budget)
  }

  /// Best effort: the file serves without it, and its first mode is the narrowest.
  private func adopt(_ created: Int32, permissions: mode_t) {
    var own = stat()
    guard fstat(descriptor.number, &own) == 0, own.st_mode & S_ISVTX == 0 else { return }
    if geteuid() == 0 { _ = fchown(created, own.st_uid, own.st_gid) }
    _ = fchmod(created, own.st_mode & permissions)
  }

  func directory(_ name: String) throws(DatabaseError) -> any Directory {
    try PosixDirectory(path: file(name), descriptor: openDirectory(name), budget: budget)
  }

  func rename(_ from: String, to target: String, replacing: Bool) throws(DatabaseError) {
    try check(from)
    try check(target)
    do {
      if replacing {
        _ = try Errno.retrying { renameat(descriptor.number, from, descriptor.number, target) }
      } else {
        try renameNew(from, to: target)
      }
    } catch {
      throw SystemError.renaming(file(from), to: file(target), error)
    }
  }

  private func renameNew(_ from: String, to target: String) throws(Errno) {
    do {
      _ = try Errno.retrying { sofa_rename_new(descriptor.number, from, target) }
    } catch {
      guard error.code == EINVAL || error.code == ENOSYS else { throw error }
      try renameNewByLink(from, to: target)
    }
  }

  /// For file systems whose rename cannot refuse to replace. A link can: the name is taken or it is not. Directories
  /// cannot be linked, but the rename of one replaces nothing except an empty directory.
  func renameNewByLink(_ from: String, to target: String) throws(Errno) {
    var status = stat()
    _ = try Errno.retrying { fstatat(descriptor.number, from, &status, AT_SYMLINK_NOFOLLOW) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      _ = try Errno.retrying { linkat(descriptor.number, from, descriptor.number, target, 0) }
      _ = try Errno.retrying { unlinkat(descriptor.number, from, 0) }
      return
    }
    guard fstatat(descriptor.number, target, &status, AT_SYMLINK_NOFOLLOW) != 0 else { throw Errno(code: EEXIST) }
    _ = try Errno.retrying { renameat(descriptor.number, from, descriptor.number, target) }
  }

  func link(_ name: String, into other: any Directory, as target: String) throws(DatabaseError) {
    try check(name)
    guard let other = other as? PosixDirectory else {
      throw DatabaseError(.invalid, file: file(name), "it cannot be linked into another kind of file system")
    }
    try other.check(target)
    do {
      _ = try Errno.retrying { linkat(descriptor.number, name, other.descriptor.number, target, 0) }
    } catch {
      throw SystemError.linking(file(name), to: other.file(target), error)
    }
  }

  func remove(_ name: String) throws(DatabaseError) {
    try check(name)
    do {
      _ = try Errno.retrying { unlinkat(descriptor.number, name, 0) }
    } catch {
      throw SystemError.removing(file(name), error)
    }
  }

  func removeDirectory(_ name: String) throws(DatabaseError) {
    try check(name)
    do {
      _ = try Errno.retrying { unlinkat(descriptor.number, name, AT_REMOVEDIR) }
    } catch {
      throw SystemError.removing(file(name), error)
    }
  }

  func availableBytes() throws(DatabaseError) -> UInt64 {
    var space = statvfs()
    do {
      _ = try Errno.retrying { fstatvfs(descriptor.number, &space) }
    } catch {
      throw SystemError.inspecting(path, error)
    }
    let (bytes, overflow) = UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize))
    return overflow ? .max : bytes
  }

  func sync() throws(DatabaseError) {
    do {
      _ = try Errno.retrying { fsync(descriptor.number) }
    } catch {
      // The file system has no such call for directories; there is nothing to wait for.
      if error.code == EINVAL { return }
      throw SystemError.syncing(path, error)
    }
  }

  func lock(_ name: String) throws(DatabaseError) -> any FileLock {
    let opened = try openOrCreateLock(name)
    do {
      _ = try Errno.retrying { sofa_lock_file(opened.number) }
    } catch {
      guard error.code == EAGAIN || error.code == EACCES else { throw SystemError.locking(file(name), error) }
      let holder = opened.lockHolder()
      throw SystemError.locked(file(name), by: holder > 0 ? holder : nil)
    }
    return PosixFileLock(descriptor: opened)
  }

  /// An existing lock file keeps its mode and owner. Two processes may race to create it: the loser opens the winner's.
  private func openOrCreateLock(_ name: String) throws(DatabaseError) -> Descriptor {
    do {
      return try openRegular(name, flags: O_RDWR)
    } catch {
      guard error.kind == .notFound else { throw error }
    }
    do {
      return try createFile(name, flags: O_RDWR)
    } catch {
      guard error.kind == .alreadyExists else { throw error }
    }
    return try openRegular(name, flags: O_RDWR)
  }
}
