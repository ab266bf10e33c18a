/// A directory of the simulated file system.
import Glibc
import SofaDB

final class SimulatedDirectory: Directory {
  private let system: SimulatedFileSystem
  private let node: Int
  let path: String

  init(_ system: SimulatedFileSystem, node: Int, path: String) {
    self.system = system
    self.node = node
    self.path = path
  }

  private func call(_ kind: FileOperation.Kind, _ name: String, target: String = "") -> FileOperation {
    FileOperation(index: 0, kind: kind, path: path.isEmpty ? name : path + "/" + name, target: target)
  }

  private func file(_ name: String) -> String { path.isEmpty ? name : path + "/" + name }

  private func check(_ name: String) throws(DatabaseError) {
    guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
    else { throw DatabaseError(.invalid, file: path, "not a name: \(name.debugDescription)") }
  }

  func entries() throws(DatabaseError) -> [DirectoryEntry] {
    try system.perform(FileOperation(index: 0, kind: .list, path: path)) { (state, _) throws(SystemCode) in
      (state.disk.folders[self.node]?.names ?? [:]).map {
        DirectoryEntry(name: $0.key, kind: state.disk.kind(of: $0.value))
      }
    }
  }

  func attributes(of name: String) throws(DatabaseError) -> FileAttributes? {
    try check(name)
    return try system.perform(call(.attributes, name)) { (state, _) throws(SystemCode) in
      state.disk.node(name, in: self.node).map { state.disk.attributes(of: $0) }
    }
  }

  /// The node of a regular file, or the errno of trying to open something else.
  private func regular(_ name: String, _ state: SimulatedFileSystem.State) throws(SystemCode) -> Int {
    guard let found = state.disk.node(name, in: node) else { throw SystemCode(ENOENT) }
    switch state.disk.kind(of: found) {
    case .file: return found
    case .directory: throw SystemCode(EISDIR)
    case .symbolicLink: throw SystemCode(ELOOP)
    case .other: throw SystemCode(ENXIO)
    }
  }

  func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
    try check(name)
    let (found, size) = try system.perform(call(.open, name)) { (state, _) throws(SystemCode) in
      let found = try self.regular(name, state)
      state.handles[found, default: 0] += 1
      return (found, UInt64(state.disk.files[found]?.end ?? 0))
    }
    return SimulatedReadFile(system, node: found, name: file(name), size: size)
  }

  func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
    try directory(name)
  }

  func directory(_ name: String) throws(DatabaseError) -> any Directory {
    try check(name)
    let found = try system.perform(call(.openDirectory, name)) { (state, _) throws(SystemCode) in
      guard let found = state.disk.node(name, in: self.node) else { throw SystemCode(ENOENT) }
      guard state.disk.folders[found] != nil else { throw SystemCode(ENOTDIR) }
      return found
    }
    return SimulatedDirectory(system, node: found, path: file(name))
  }

  func lockState(of name: String) throws(DatabaseError) -> LockState {
    try check(name)
    return try system.perform(call(.lockState, name)) { (state, _) throws(SystemCode) in
      guard state.disk.node(name, in: self.node) != nil else { return .missing }
      let found = try self.regular(name, state)
      return state.locks[found].map { .held(by: $0) } ?? .free
    }
  }

  func create(_ name: String, access: FileAccess) throws(DatabaseError) -> any AppendFile {
    try create(name, zeros: nil)
  }

  /// Fewer zeros than the real one writes, so that a crash is soon tried on either side of their end.
  func createLog(_ name: String) throws(DatabaseError) -> any AppendFile {
    try create(name, zeros: ZerosAhead(length: 1024))
  }

  private func create(_ name: String, zeros: ZerosAhead?) throws(DatabaseError) -> SimulatedAppendFile {
    try check(name)
    let created = try system.perform(call(.create, name)) { (state, _) throws(SystemCode) in
      let created = try state.disk.createFile(name, in: self.node)
      state.handles[created, default: 0] += 1
      return created
    }
    return SimulatedAppendFile(system, node: created, name: file(name), zeros: zeros)
  }

  func createDirectory(_ name: String) throws(DatabaseError) -> any Directory {
    try check(name)
    let created = try system.perform(call(.createDirectory, name)) { (state, _) throws(SystemCode) in
      try state.disk.createFolder(name, in: self.node)
    }
    return SimulatedDirectory(system, node: created, path: file(name))
  }

  func rename(_ from: String, to target: String, replacing: Bool) throws(DatabaseError) {
    try check(from)
    try check(target)
    try system.perform(call(.rename, from, target: file(target))) { (state, _) throws(SystemCode) in
      try state.disk.rename(from, to: target, in: self.node, replacing: replacing)
    }
  }

  func link(_ name: String, into other: any Directory, as target: String) throws(DatabaseError) {
    try check(name)
    guard let other = other as? SimulatedDirectory, other.system === system else {
      throw DatabaseError(.invalid, file: file(name), "a link into another file system")
    }
    try other.check(target)
    try system.perform(call(.link, name, target: other.file(target))) { (state, _) throws(SystemCode) in
      try state.disk.link(name, in: self.node, into: other.node, as: target)
    }
  }

  func remove(_ name: String) throws(DatabaseError) {
    try check(name)
    try system.perform(call(.remove, name)) { (state, _) throws(SystemCode) in
      try state.disk.removeFile(name, in: self.node)
    }
  }

  func removeDirectory(_ name: String) throws(DatabaseError) {
    try check(name)
    try system.perform(call(.removeDirectory, name)) { (state, _) throws(SystemCode) in
      try state.disk.removeFolder(name, in: self.node)
    }
  }

  func availableBytes() throws(DatabaseError) -> UInt64 { system.freeBytes }

  func sync() throws(DatabaseError) {
    try system.perform(FileOperation(index: 0, kind: .syncDirectory, path: path)) { (state, fault) throws(SystemCode) in
      switch fault {
      case .skipped: return
      case .losesPending(let code), .revertsPending(let code), .failsLate(let code), .partialWrite(let code):
        throw SystemCode(code)
      default:
        state.disk.syncFolder(self.node)
        state.disk.collect(opened: Array(state.handles.keys) + Array(state.locks.keys))
      }
    }
  }

  func lock(_ name: String) throws(DatabaseError) -> any FileLock {
    try check(name)
    let locked = try system.perform(call(.lock, name)) { (state, _) throws(SystemCode) in
      if state.disk.node(name, in: self.node) == nil { _ = try state.disk.createFile(name, in: self.node) }
      let found = try self.regular(name, state)
      guard state.locks[found] == nil else { throw SystemCode(EAGAIN) }
      state.locks[found] = .some(nil)
      return found
    }
    return SimulatedLock(system, node: locked)
  }
}
