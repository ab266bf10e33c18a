internal import Glibc

/// An open directory of the real file system, without any call that could change it. Immutable, so any thread may use
/// it; `PosixDirectory` adds the changing calls.
class PosixReadableDirectory: ReadableDirectory, @unchecked Sendable {
  let path: String
  let descriptor: Descriptor
  /// Shared by everything that was opened through one `PosixFileSystem`.
  let budget: OpenFileBudget

  init(path: String, descriptor: consuming Descriptor, budget: OpenFileBudget) {
    self.path = path
    self.descriptor = descriptor
    self.budget = budget
  }

  /// The path of a name in messages.
  final func file(_ name: String) -> String {
    path.utf8.last == UInt8(ascii: "/") ? path + name : path + "/" + name
  }

  /// A name is one component: it cannot leave the directory.
  final func check(_ name: String) throws(DatabaseError) {
    let bytes = name.utf8
    guard !bytes.isEmpty, name != ".", name != "..", !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")) else {
      throw DatabaseError(.invalid, file: path, "a file name may not be empty, '.', '..' or hold '/' or a zero byte")
    }
  }

  final func entries() throws(DatabaseError) -> [DirectoryEntry] {
    do {
      // A listing has a position: a descriptor of its own keeps two of them apart.
      let listing = try Descriptor(opening: ".", in: descriptor.number, flags: O_RDONLY | O_DIRECTORY)
      return try entries(consuming: listing)
    } catch {
      throw SystemError.listing(path, error)
    }
  }

  private final func entries(consuming listing: consuming Descriptor) throws(Errno) -> [DirectoryEntry] {
    let number = listing.release()
    guard let stream = fdopendir(number) else {
      let error = Errno.last
      _ = Glibc.close(number)
      throw error
    }
    defer { closedir(stream) }
    var entries: [DirectoryEntry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw Errno.last }
        return entries
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      if let kind = try kind(of: name, hint: entry.pointee.d_type) {
        entries.append(DirectoryEntry(name: name, kind: kind))
      }
    }
  }

  /// Some file systems leave the kind to be asked for; nil when the file has gone since.
  private final func kind(of name: String, hint: UInt8) throws(Errno) -> FileAttributes.Kind? {
    switch Int(hint) {
    case Int(DT_REG): return .file
    case Int(DT_DIR): return .directory
    case Int(DT_LNK): return .symbolicLink
    case Int(DT_UNKNOWN): return try status(of: name).map { FileAttributes($0).kind }
    default: return .other
    }
  }

  private final func status(of name: String) throws(Errno) -> stat? {
    var status = stat()
    do {
      _ = try Errno.retrying { fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) }
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
    return status
  }

  final func attributes(of name: String) throws(DatabaseError) -> FileAttributes? {
    try check(name)
    do {
      return try status(of: name).map { FileAttributes($0) }
    } catch {
      throw SystemError.inspecting(file(name), error)
    }
  }

  final func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
    let opened = try openRegular(name, flags: O_RDONLY)
    return try PosixRandomAccessFile(name: file(name), component: name, in: self, descriptor: opened)
  }

  /// Opens what must be a regular file, without following a link. What it is gets asked after opening, not before, so
  /// that nobody can swap it in between.
  final func openRegular(_ name: String, flags: Int32) throws(DatabaseError) -> Descriptor {
    try check(name)
    let kind: FileAttributes.Kind
    do {
      let opened = try Descriptor(opening: name, in: descriptor.number, flags: flags | O_NOFOLLOW)
      kind = FileAttributes(try opened.status()).kind
      if kind == .file { return opened }
    } catch {
      throw SystemError.opening(file(name), error)
    }
    throw SystemError.special(file(name), kind)
  }

  final func openDirectory(_ name: String) throws(DatabaseError) -> Descriptor {
    try check(name)
    do {
      return try Descriptor(opening: name, in: descriptor.number, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    } catch {
      throw SystemError.openingDirectory(file(name), error)
    }
  }

  final func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
    try PosixReadableDirectory(path: file(name), descriptor: openDirectory(name), budget: budget)
  }

  final func lockState(of name: String) throws(DatabaseError) -> LockState {
    do {
      let opened = try openRegular(name, flags: O_RDONLY)
      switch opened.lockHolder() {
      case 0: return .free
      case -2: return .unknown
      case let holder: return .held(by: holder > 0 ? holder : nil)
      }
    } catch {
      switch error.kind {
      case .notFound: return .missing
      case .permissionDenied: return .unknown
      default: throw error
      }
    }
  }
}
