/// A file of the simulated file system that grows at its end.
import SofaDB
import Synchronization

/// Lies as the seam allows: after a failed sync the next one succeeds, whatever became of the bytes.
final class SimulatedAppendFile: AppendFile {
  private let system: SimulatedFileSystem
  private let node: Int
  private let progress: Mutex<(size: UInt64, isOpen: Bool, zeros: ZerosAhead?)>
  let name: String

  /// With `zeros` it is a log.
  init(_ system: SimulatedFileSystem, node: Int, name: String, zeros: ZerosAhead?) {
    progress = Mutex((0, true, zeros))
    self.system = system
    self.node = node
    self.name = name
  }

  deinit {
    guard progress.withLock({ $0.isOpen }) else { return }
    system.update {
      $0.unclosed.append(name)
      $0.dropHandle(node)
    }
  }

  var size: UInt64 { progress.withLock { $0.size } }

  private func call(_ kind: FileOperation.Kind, count: Int = 0) -> FileOperation {
    FileOperation(index: 0, kind: kind, path: name, count: count)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    nonisolated(unsafe) let bytes = bytes
    try checkOpen()
    if progress.withLock({ $0.zeros?.isInTheWay(of: bytes.count) == true }) { try cut() }
    try system.perform(call(.append, count: bytes.count)) { (state, fault) throws(SystemCode) in
      let code: SystemCode? = if case .partialWrite(let code) = fault { SystemCode(code) } else { nil }
      let count = code == nil ? bytes.count : bytes.count / 2
      state.disk.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]), to: self.node)
      let end: UInt64? = self.progress.withLock {
        $0.size += UInt64(count)
        guard code == nil, let end = $0.zeros?.didAppend(count, size: $0.size) else { return nil }
        $0.zeros?.didReserve(from: $0.size, to: end)
        return end
      }
      if let end { state.disk.reserve(Int(end), of: self.node) }
      if let code { throw code }
    }
  }

  private func cut() throws(DatabaseError) {
    try sync()
    try system.perform(call(.truncate)) { (state, _) throws(SystemCode) in
      state.disk.cut(self.node)
      self.progress.withLock { $0.zeros?.didCut() }
    }
  }

  func sync() throws(DatabaseError) {
    try checkOpen()
    try system.perform(call(.syncFile)) { (state, fault) throws(SystemCode) in
      try self.reportLateError(&state)
      switch fault {
      case .skipped: return
      case .losesPending(let code), .partialWrite(let code):
        state.disk.losePending(of: self.node, reverting: false)
        throw SystemCode(code)
      case .revertsPending(let code):
        state.disk.losePending(of: self.node, reverting: true)
        throw SystemCode(code)
      case .failsLate(let code):
        state.disk.losePending(of: self.node, reverting: false)
        state.lateErrors[self.node] = code
      default:
        state.disk.syncFile(self.node)
      }
      self.progress.withLock { $0.zeros?.didSync() }
    }
  }

  func close() throws(DatabaseError) {
    let wasOpen = progress.withLock { progress in
      defer { progress.isOpen = false }
      return progress.isOpen
    }
    guard wasOpen else { return }
    defer { system.update { $0.dropHandle(node) } }
    try system.perform(call(.closeFile)) { (state, fault) throws(SystemCode) in
      try self.reportLateError(&state)
      state.disk.cut(self.node)
      switch fault {
      case .losesPending(let code), .revertsPending(let code), .failsLate(let code), .partialWrite(let code):
        state.disk.losePending(of: self.node, reverting: false)
        throw SystemCode(code)
      default: return
      }
    }
  }

  private func reportLateError(_ state: inout SimulatedFileSystem.State) throws(SystemCode) {
    if let code = state.lateErrors.removeValue(forKey: node) { throw SystemCode(code) }
  }

  private func checkOpen() throws(DatabaseError) {
    guard progress.withLock({ $0.isOpen }) else {
      throw DatabaseError(.invalid, file: name, "the file has been closed already")
    }
  }
}

extension SimulatedFileSystem.State {
  mutating func dropHandle(_ node: Int) {
    let count = (handles[node] ?? 1) - 1
    handles[node] = count > 0 ? count : nil
  }
}
