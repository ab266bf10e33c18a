internal import Synchronization

/// The filter of a reader, kept once it is read; no lock is taken to look at it. Two threads may both read it, and the
/// first result is kept.
final class FilterCache: Sendable {
  /// `full` borrows from `filter`; neither changes.
  final class Loaded: @unchecked Sendable {
    let filter: FilterReader?
    /// The filter of all keys, where it is one piece. Its bytes live as long as `filter`.
    let full: FullFilter?
    let keys: FilterKeys?

    init(_ filter: FilterReader?) {
      self.filter = filter
      keys = filter?.keys
      if case .full(let block) = filter?.form { full = FullFilter(block.bytes) } else { full = nil }
    }
  }

  private let loaded = AtomicLazyReference<Loaded>()

  var value: Loaded? { loaded.load() }

  func keep(_ new: Loaded) -> Loaded { loaded.storeIfNil(new) }
}
