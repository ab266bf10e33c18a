internal import Synchronization

/// Things that are dear to make and that nobody uses at the moment, for whoever comes next. Any thread, any time,
/// without a lock.
final class Spares<Thing: AnyObject>: @unchecked Sendable {
  private typealias Place = Atomic<UnsafeRawPointer?>
  private let places: UnsafeMutableBufferPointer<Place>

  /// Keeps at most `limit`.
  init(limit: Int) {
    places = .allocate(capacity: limit)
    for index in 0..<limit { places.initializeElement(at: index, to: Atomic(nil)) }
  }

  deinit {
    forget()
    places.deinitialize()
    places.deallocate()
  }

  func take() -> Thing? {
    for index in places.indices {
      if let taken = take(index) { return taken }
    }
    return nil
  }

  func give(_ thing: Thing) {
    let given = Unmanaged.passRetained(thing)
    for index in places.indices {
      let (isDone, _) = places[index].compareExchange(
        expected: nil, desired: UnsafeRawPointer(given.toOpaque()), successOrdering: .releasing,
        failureOrdering: .relaxed)
      if isDone { return }
    }
    given.release()
  }

  func forget() { for index in places.indices { _ = take(index) } }

  private func take(_ index: Int) -> Thing? {
    guard places[index].load(ordering: .relaxed) != nil,
      let taken = places[index].exchange(nil, ordering: .acquiring)
    else { return nil }
    return Unmanaged<Thing>.fromOpaque(taken).takeRetainedValue()
  }
}
