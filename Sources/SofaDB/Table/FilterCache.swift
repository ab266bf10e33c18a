internal import Synchronization

/// The filter of a reader, kept once it is read. Two threads may both read it; either result is right.
final class FilterCache: Sendable {
  struct Loaded: Sendable {
    let filter: FilterReader?
  }

  private let loaded = Mutex<Loaded?>(nil)

  var value: Loaded? {
    get { loaded.withLock { $0 } }
    set { loaded.withLock { $0 = newValue } }
  }
}
