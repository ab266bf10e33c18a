internal import Synchronization

/// The place of the current read view. Readers take it without ever waiting, however often it is replaced.
///
/// One word holds the view's address and, above it, how many readers are between "have read the address" and "hold a
/// reference": a reader counts itself in with the same atomic addition that gives it the address, so the view cannot go
/// away in between. Who replaces the view finds that count in the old word and hands it to the old view, where the last
/// of those readers gives up the slot's own reference.
///
/// Source of the idea: the split reference counts of Williams, "C++ Concurrency in Action", 7.2.4.
final class ViewSlot: Sendable {
  private static let one: UInt64 = 1 << 48
  private static let addressMask: UInt64 = one - 1

  private let word: Atomic<UInt64>

  init(_ view: ReadView) { word = Atomic(ViewSlot.address(retaining: view)) }

  deinit { ViewSlot.reference(word.load(ordering: .acquiring)).release() }

  /// Any thread, any time.
  func load() -> ReadView {
    let taken = word.wrappingAdd(ViewSlot.one, ordering: .acquiringAndReleasing).oldValue & ViewSlot.addressMask
    let view = ViewSlot.reference(taken).takeUnretainedValue()
    var seen = word.load(ordering: .relaxed)
    while seen & ViewSlot.addressMask == taken {
      let (isDone, now) = word.compareExchange(
        expected: seen, desired: seen - ViewSlot.one, successOrdering: .acquiringAndReleasing,
        failureOrdering: .relaxed)
      if isDone { return view }
      seen = now
    }
    // Replaced meanwhile, and so the count is the view's.
    view.settle(-1)
    return view
  }

  /// One thread at a time, and never with a view that was here before.
  func replace(with view: ReadView) {
    let old = word.exchange(ViewSlot.address(retaining: view), ordering: .acquiringAndReleasing)
    ViewSlot.reference(old).takeUnretainedValue().settle(Int(old / ViewSlot.one))
  }

  private static func address(retaining view: ReadView) -> UInt64 {
    let address = UInt64(UInt(bitPattern: Unmanaged.passRetained(view).toOpaque()))
    precondition(address & ~addressMask == 0, "an address of more than 48 bits")
    return address
  }

  private static func reference(_ word: UInt64) -> Unmanaged<ReadView> {
    Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: UInt(word & addressMask))!)
  }
}
