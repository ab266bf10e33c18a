/// A lock file that is held until released.
import SofaDB
import Synchronization

final class SimulatedLock: FileLock {
  private let system: SimulatedFileSystem
  private let node: Int
  private let isHeld = Mutex(true)

  init(_ system: SimulatedFileSystem, node: Int) {
    self.system = system
    self.node = node
  }

  deinit { release() }

  func release() {
    let wasHeld = isHeld.withLock { held in
      defer { held = false }
      return held
    }
    if wasHeld { system.update { $0.locks[node] = nil } }
  }
}
