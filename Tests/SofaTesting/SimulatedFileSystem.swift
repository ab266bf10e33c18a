/// A file system in memory that loses what was not synced, fails on demand, and keeps a log of all calls.
///
/// The root directory is empty but for those asked for. Every call counts as one operation; a `FaultPlan` may make it
/// fail, and an observer sees the disk after each mutation, to derive what a crash would leave.
import Glibc
public import SofaDB
import Synchronization

public final class SimulatedFileSystem: FileSystem {
  struct State {
    var disk: SimulatedDisk
    var operations: [FileOperation] = []
    var faults = FaultPlan.none
    var milestone = 0
    /// Open handles of each node.
    var handles: [Int: Int] = [:]
    /// Lock files and the process that holds each; nil when it cannot be named.
    var locks: [Int: Int32?] = [:]
    /// Errors that the next sync or close of a file reports.
    var lateErrors: [Int: Int32] = [:]
    var unclosed: [String] = []
    var freeBytes = UInt64.max
  }

  /// The state of the disk after a mutation or a milestone.
  typealias Observer = @Sendable (SimulatedDisk, FileOperation?, _ milestone: Int) -> Void

  private let state: Mutex<State>
  private let observer: Observer?

  /// Durable, empty directories exist at the given paths.
  public convenience init(directories: [String] = ["db"]) {
    var disk = SimulatedDisk()
    for path in directories {
      var folder = SimulatedDisk.root
      for part in path.split(separator: "/").map(String.init) {
        if let next = disk.node(part, in: folder) {
          folder = next
        } else {
          do {
            folder = try disk.createFolder(part, in: folder)
          } catch {
            preconditionFailure("\(path) cannot be created: \(error)")
          }
        }
      }
    }
    disk.settle()
    self.init(disk: disk)
  }

  public convenience init(disk: SimulatedDisk) {
    self.init(disk: disk, observer: nil)
  }

  init(disk: SimulatedDisk, observer: Observer?) {
    state = Mutex(State(disk: disk))
    self.observer = observer
  }

  // MARK: What tests see and set

  /// A copy of the disk as programs see it now.
  public var disk: SimulatedDisk { state.withLock { $0.disk } }
  public var operations: [FileOperation] { state.withLock { $0.operations } }
  /// Paths of files that were created and given up without `close`.
  public var unclosedFiles: [String] { state.withLock { $0.unclosed } }
  /// Files whose content is kept, under a name or through a handle or for a crash.
  public var fileCount: Int { state.withLock { $0.disk.files.count } }
  public var openHandles: Int { state.withLock { $0.handles.values.reduce(0, +) } }

  public var faults: FaultPlan {
    get { state.withLock { $0.faults } }
    set { state.withLock { $0.faults = newValue } }
  }

  /// What the disk says is free, whatever is written.
  public var freeBytes: UInt64 {
    get { state.withLock { $0.freeBytes } }
    set { state.withLock { $0.freeBytes = newValue } }
  }

  /// How much has been promised so far, in whatever the test counts: a crash image that comes later must hold it.
  public var milestone: Int {
    get { state.withLock { $0.milestone } }
    set {
      let disk = state.withLock {
        $0.milestone = newValue
        return $0.disk
      }
      observer?(disk, nil, newValue)
    }
  }

  /// Everything written so far becomes durable.
  public func settle() {
    state.withLock { $0.disk.settle() }
  }

  /// Puts a symbolic link, or a device, in place.
  public func plant(_ kind: FileAttributes.Kind, at path: String) throws(DatabaseError) {
    let (folder, name) = try parent(of: path)
    do {
      try state.withLock { (state) throws(SystemCode) in
        try state.disk.createSpecial(kind, name, in: folder)
        state.disk.settle()
      }
    } catch {
      throw SimulatedFileSystem.error(.create, path, "", error)
    }
  }

  /// Another process takes the lock on an existing file.
  public func holdLock(at path: String, by process: Int32?) throws(DatabaseError) {
    let (folder, name) = try parent(of: path)
    state.withLock { state in
      if let node = state.disk.node(name, in: folder) { state.locks[node] = .some(process) }
    }
  }

  private func parent(of path: String) throws(DatabaseError) -> (Int, String) {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last, let folder = walk(parts.dropLast()) else {
      throw DatabaseError(.notFound, file: path, "there is no such directory")
    }
    return (folder, name)
  }

  // MARK: The seam

  public func readableDirectory(at path: String) throws(DatabaseError) -> any ReadableDirectory {
    try directory(at: path)
  }

  public func directory(at path: String) throws(DatabaseError) -> any Directory {
    let parts = path.split(separator: "/").map(String.init)
    let shown = parts.joined(separator: "/")
    let node = try perform(FileOperation(index: 0, kind: .openDirectory, path: shown)) {
      (state, _) throws(SystemCode) in
      guard let node = SimulatedFileSystem.walk(parts[...], state.disk) else { throw SystemCode(ENOENT) }
      guard state.disk.folders[node] != nil else { throw SystemCode(ENOTDIR) }
      return node
    }
    return SimulatedDirectory(self, node: node, path: shown)
  }

  public func attributes(at path: String) throws(DatabaseError) -> FileAttributes? {
    let parts = path.split(separator: "/").map(String.init)
    return try perform(
      FileOperation(index: 0, kind: .attributes, path: parts.joined(separator: "/"))
    ) { (state, _) throws(SystemCode) in
      SimulatedFileSystem.walk(parts[...], state.disk).map { state.disk.attributes(of: $0) }
    }
  }

  private func walk(_ parts: ArraySlice<String>) -> Int? {
    state.withLock { SimulatedFileSystem.walk(parts, $0.disk) }
  }

  private static func walk(_ parts: ArraySlice<String>, _ disk: SimulatedDisk) -> Int? {
    var node = SimulatedDisk.root
    for part in parts {
      guard let next = disk.node(part, in: node) else { return nil }
      node = next
    }
    return node
  }

  // MARK: Calls

  /// Logs the call, lets the plan interfere, and runs it. `body` is told of faults that depend on the call.
  func perform<Result: Sendable>(
    _ call: FileOperation, _ body: (inout State, Fault?) throws(SystemCode) -> Result
  ) throws(DatabaseError) -> Result {
    var operation = call
    var after: SimulatedDisk?
    var outcome: Swift.Result<Result, SystemCode> = .failure(SystemCode(EIO))
    state.withLock { state in
      operation.index = state.operations.count
      state.operations.append(operation)
      outcome = SimulatedFileSystem.apply(state.faults.fault(operation), to: operation.kind, &state, body)
      if operation.isMutation, observer != nil { after = state.disk }
    }
    if let after { observer?(after, operation, milestone) }
    after = nil
    switch outcome {
    case .success(let result): return result
    case .failure(let code): throw SimulatedFileSystem.error(operation.kind, operation.path, operation.target, code)
    }
  }

  private static func apply<Result>(
    _ fault: Fault?, to kind: FileOperation.Kind, _ state: inout State,
    _ body: (inout State, Fault?) throws(SystemCode) -> Result
  ) -> Swift.Result<Result, SystemCode> {
    let handlesItself: Bool =
      switch kind {
      case .append, .read, .syncFile, .closeFile, .syncDirectory: true
      default: false
      }
    do throws(SystemCode) {
      switch fault {
      case .fail(let code): throw SystemCode(code)
      case .failDone(let code):
        _ = try body(&state, nil)
        throw SystemCode(code)
      case .some(let fault) where handlesItself: return .success(try body(&state, fault))
      case .partialWrite(let code), .losesPending(let code), .revertsPending(let code), .failsLate(let code):
        throw SystemCode(code)
      case .shortRead, .skipped, nil: return .success(try body(&state, nil))
      }
    } catch {
      return .failure(error)
    }
  }

  /// Without a log entry, for handles that go away.
  func update(_ body: (inout State) -> Void) {
    state.withLock { body(&$0) }
  }

  static func error(
    _ kind: FileOperation.Kind, _ path: String, _ target: String, _ error: SystemCode
  ) -> DatabaseError {
    let reason = "\(kind) failed in simulation: \(String(cString: strerror(error.code)))"
    func result(_ kind: DatabaseError.Kind) -> DatabaseError { DatabaseError(kind, file: path, reason) }
    switch error.code {
    case ENOENT: return result(.notFound)
    case EEXIST: return DatabaseError(.alreadyExists, file: target.isEmpty ? path : target, reason)
    case EACCES, EPERM, EROFS: return result(.permissionDenied)
    case ENOSPC, EDQUOT: return result(.noSpace)
    case ELOOP, ENXIO: return result(.special)
    case EISDIR where kind == .open || kind == .lock || kind == .lockState: return result(.special)
    case ENOTDIR where kind == .openDirectory: return result(.invalid)
    case EINVAL: return result(.invalid)
    case EAGAIN: return result(.locked)
    default: return result(.io(error.code))
    }
  }
}

extension SimulatedDisk {
  func attributes(of node: Int) -> FileAttributes {
    FileAttributes(
      kind: kind(of: node), size: UInt64(files[node]?.end ?? 0), linkCount: UInt64(linkCount(of: node)),
      fileID: UInt64(node))
  }
}
