internal import Synchronization

/// A reference that is set once and lives as long as its holder, so that threads may look at it without counting
/// references, which they would fight over. Any thread, any time.
struct SetOnce<Object: AnyObject & Sendable>: ~Copyable, @unchecked Sendable {
  private let place = Atomic<UnsafeRawPointer?>(nil)

  init() {}

  deinit {
    guard let pointer = place.load(ordering: .acquiring) else { return }
    Unmanaged<Object>.fromOpaque(pointer).release()
  }

  /// What was set. Whoever uses it keeps the holder alive until the end, by `withExtendedLifetime`: nobody sees that
  /// the one depends on the other, and the holder may go after its last use.
  @inline(__always)
  var value: Unmanaged<Object>? {
    place.load(ordering: .acquiring).map { Unmanaged<Object>.fromOpaque($0) }
  }

  /// Sets it unless another thread was faster; returns what is set.
  func set(_ object: Object) -> Unmanaged<Object> {
    _ = offer(object)
    return value ?? Unmanaged.passUnretained(object)
  }

  /// Sets it unless something is set; returns whether it did.
  func offer(_ object: Object) -> Bool {
    let new = Unmanaged.passRetained(object)
    let isSet = place.compareExchange(
      expected: nil, desired: UnsafeRawPointer(new.toOpaque()), ordering: .acquiringAndReleasing
    ).exchanged
    if !isSet { new.release() }
    return isSet
  }
}
