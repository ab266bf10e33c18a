/// The filter of a table once it is read. Never changes; `full` borrows from `filter`.
final class LoadedFilter: @unchecked Sendable {
  let filter: FilterReader?
  /// The filter of all keys, where it is one piece.
  let full: FullFilter?
  let keys: FilterKeys?

  init(_ filter: FilterReader?) {
    self.filter = filter
    keys = filter?.keys
    if case .full(let block) = filter?.form { full = FullFilter(block.bytes) } else { full = nil }
  }
}
