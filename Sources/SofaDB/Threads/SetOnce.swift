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

  /// What was set. The holder keeps it alive.
  @inline(__always)
  var value: Unmanaged<Object>? {
    place.load(ordering: .acquiring).map { Unmanaged<Object>.fromOpaque($0) }
  }

  /// Sets it unless another thread was faster; returns what is set.
  func set(_ object: Object) -> Unmanaged<Object> {
    let new = Unmanaged.passRetained(object)
    let (exchanged, original) = place.compareExchange(
      expected: nil, desired: UnsafeRawPointer(new.toOpaque()), ordering: .acquiringAndReleasing)
    guard !exchanged, let original else { return new }
    new.release()
    return Unmanaged<Object>.fromOpaque(original)
  }
}
