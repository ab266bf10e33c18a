internal import Synchronization

/// Fingers that no writer uses at the moment, for whoever comes next. Any thread, any time, without a lock.
final class SpareFingers: @unchecked Sendable {
  /// More writers than these at once make their own.
  private static let count = 4

  private typealias Place = Atomic<UnsafeRawPointer?>
  private let places: UnsafeMutablePointer<Place>

  init() {
    places = .allocate(capacity: SpareFingers.count)
    for index in 0..<SpareFingers.count { (places + index).initialize(to: Atomic(nil)) }
  }

  deinit {
    forget()
    places.deinitialize(count: SpareFingers.count)
    places.deallocate()
  }

  func take() -> WriteFingers {
    for index in 0..<SpareFingers.count {
      if let taken = take(index) { return taken }
    }
    return WriteFingers()
  }

  func give(_ fingers: WriteFingers) {
    let given = Unmanaged.passRetained(fingers)
    for index in 0..<SpareFingers.count {
      let (isDone, _) = places[index].compareExchange(
        expected: nil, desired: UnsafeRawPointer(given.toOpaque()), successOrdering: .releasing,
        failureOrdering: .relaxed)
      if isDone { return }
    }
    given.release()
  }

  /// They keep the memtables alive that they point into.
  func forget() { for index in 0..<SpareFingers.count { _ = take(index) } }

  private func take(_ index: Int) -> WriteFingers? {
    guard places[index].load(ordering: .relaxed) != nil,
      let taken = places[index].exchange(nil, ordering: .acquiring)
    else { return nil }
    return Unmanaged<WriteFingers>.fromOpaque(taken).takeRetainedValue()
  }
}
