internal import Glibc

/// Turns the errno of a system call into a sentence that says what failed and what to do next: one builder a call.
enum SystemError {
  static func opening(_ file: String, _ error: Errno) -> DatabaseError {
    switch error.code {
    case ENOENT: return DatabaseError(.notFound, file: file, "there is no such file")
    // O_NOFOLLOW reports a symbolic link so, with O_DIRECTORY as ENOTDIR.
    case ELOOP: return special(file, .symbolicLink)
    case EISDIR: return special(file, .directory)
    // What open says of a socket.
    case ENXIO: return special(file, .other)
    default: return failure(error, file, "it cannot be opened")
    }
  }

  static func openingDirectory(_ path: String, _ error: Errno) -> DatabaseError {
    switch error.code {
    case ENOENT: DatabaseError(.notFound, file: path, "there is no such directory")
    case ENOTDIR: DatabaseError(.invalid, file: path, "this is not a directory")
    default: failure(error, path, "the directory cannot be opened")
    }
  }

  /// A name that is not a regular file where one is wanted.
  static func special(_ file: String, _ kind: FileAttributes.Kind) -> DatabaseError {
    let what =
      switch kind {
      case .file: "this is a regular file"
      case .directory: "this is a directory, not a file"
      case .symbolicLink: "this is a symbolic link; links are not followed, name the file itself"
      case .other: "this is a device, a socket or a pipe, not a regular file"
      }
    return DatabaseError(.special, file: file, what)
  }

  static func creating(_ file: String, _ error: Errno) -> DatabaseError {
    switch error.code {
    case EEXIST: DatabaseError(.alreadyExists, file: file, "it exists already; nothing is overwritten")
    case ENOENT: DatabaseError(.notFound, file: file, "it cannot be created: its directory has been removed")
    default: failure(error, file, "it cannot be created")
    }
  }

  static func listing(_ path: String, _ error: Errno) -> DatabaseError {
    failure(error, path, "the directory cannot be listed")
  }

  static func inspecting(_ file: String, _ error: Errno) -> DatabaseError {
    failure(error, file, "its attributes cannot be read")
  }

  static func reading(_ file: String, at offset: UInt64, _ error: Errno) -> DatabaseError {
    failure(error, file, "it cannot be read", offset: offset)
  }

  static func writing(_ file: String, at offset: UInt64, _ error: Errno) -> DatabaseError {
    failure(error, file, "it cannot be written", offset: offset)
  }

  static func syncing(_ file: String, _ error: Errno) -> DatabaseError {
    failure(error, file, "it could not be made durable, and what the device holds of it is unknown")
  }

  static func closing(_ file: String, _ error: Errno) -> DatabaseError {
    failure(error, file, "closing it failed, and what the device holds of it is unknown")
  }

  static func renaming(_ file: String, to target: String, _ error: Errno) -> DatabaseError {
    switch error.code {
    case EEXIST: DatabaseError(.alreadyExists, file: target, "it exists already; nothing is overwritten")
    case ENOENT: DatabaseError(.notFound, file: file, "there is no such file to rename")
    default: failure(error, file, "renaming it to \(target) failed")
    }
  }

  static func linking(_ file: String, to target: String, _ error: Errno) -> DatabaseError {
    switch error.code {
    case EEXIST: DatabaseError(.alreadyExists, file: target, "it exists already; nothing is overwritten")
    case ENOENT: DatabaseError(.notFound, file: file, "there is no such file to link")
    case EXDEV: DatabaseError(.io(EXDEV), file: file, "\(target) is on another file system; copy the file instead")
    default: failure(error, file, "linking it as \(target) failed")
    }
  }

  static func removing(_ file: String, _ error: Errno) -> DatabaseError {
    switch error.code {
    case ENOENT: DatabaseError(.notFound, file: file, "there is no such file to remove")
    case ENOTEMPTY, EEXIST: DatabaseError(.io(ENOTEMPTY), file: file, "the directory is not empty")
    default: failure(error, file, "it cannot be removed")
    }
  }

  static func locking(_ file: String, _ error: Errno) -> DatabaseError {
    failure(error, file, "it cannot be locked")
  }

  /// The lock file is held by another process, or by another opening of it in this one.
  static func locked(_ file: String, by holder: Int32?) -> DatabaseError {
    let who = holder.map { "process \($0)" } ?? "another process"
    return DatabaseError(
      .locked, file: file,
      "\(who) has the database open; close it there first. Removing the lock file does not help and ruins data")
  }

  private static func failure(
    _ error: Errno, _ file: String, _ what: String, offset: UInt64? = nil
  ) -> DatabaseError {
    DatabaseError(kind(error), file: file, offset: offset, "\(what): \(reason(error))")
  }

  private static func kind(_ error: Errno) -> DatabaseError.Kind {
    switch error.code {
    case ENOENT: .notFound
    case EEXIST: .alreadyExists
    case EACCES, EPERM, EROFS: .permissionDenied
    case ENOSPC, EDQUOT: .noSpace
    default: .io(error.code)
    }
  }

  private static func reason(_ error: Errno) -> String {
    switch error.code {
    case EACCES, EPERM: "permission denied; run this as the user that owns the database"
    case EROFS: "the file system is mounted read-only"
    case ENOSPC: "no space is left on the device; free some and try again"
    case EDQUOT: "the disk quota is used up; free some space and try again"
    case EFBIG: "the file would exceed the size limit of the process or the file system"
    case EIO: "the device failed; see the kernel log, and copy the database away before anything else"
    case EMFILE: "this process has too many open files; raise the limit (ulimit -n)"
    case ENFILE: "the system has too many open files"
    case ESTALE: "the file vanished from its server; mount the file system again"
    case ENOTDIR: "a part of the path is not a directory"
    case EISDIR: "it is a directory"
    case ELOOP: "a symbolic link is in the way"
    case ENAMETOOLONG: "the name is too long"
    default: String(cString: strerror(error.code))
    }
  }
}
