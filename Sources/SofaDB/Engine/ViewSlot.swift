internal import CSofaKernels
internal import Synchronization

/// The place of the current read view. Readers take it without ever waiting, however often it is replaced.
///
/// One word holds the view's address and, above it, how many readers are at work on it: a reader counts itself in with
/// the same atomic addition that gives it the address, so the view cannot go away in between, and no reference is
/// counted. Who replaces the view finds that count in the old word and hands it to the old view; readers that find
/// another view in the word when they leave count themselves out there.
///
/// There are several such words, in cache lines of their own, and each thread uses one of them: threads that read at
/// the same time on different processors do not take lines from each other.
///
/// Source of the idea: the split reference counts of Williams, "C++ Concurrency in Action", 7.2.4.
final class ViewSlot: @unchecked Sendable {
  /// A power of two.
  static let stripes = 8
  private static let stride = 128
  /// Up to 65,535 readers at once on each stripe.
  private static let one: UInt64 = 1 << 48
  private static let addressMask: UInt64 = one - 1

  fileprivate typealias Word = Atomic<UInt64>
  private let words: UnsafeMutableRawPointer

  init(_ view: ReadView) {
    words = .allocate(byteCount: ViewSlot.stripes * ViewSlot.stride, alignment: ViewSlot.stride)
    let address = ViewSlot.address(retaining: view)
    for stripe in 0..<ViewSlot.stripes {
      (words + stripe * ViewSlot.stride).bindMemory(to: Word.self, capacity: 1).initialize(to: Word(address))
    }
  }

  deinit {
    ViewSlot.reference(word(0).pointee.load(ordering: .acquiring)).release()
    words.deallocate()
  }

  /// A reader at work: the view stays until `end`, once. One thread.
  struct Visit {
    fileprivate let word: UnsafeMutablePointer<Word>
    fileprivate let taken: UInt64
    let view: Unmanaged<ReadView>

    /// Whether no other view has come.
    @inline(__always)
    var isCurrent: Bool { word.pointee.load(ordering: .relaxed) & ViewSlot.addressMask == taken }

    @inline(__always)
    func end() {
      var seen = word.pointee.load(ordering: .relaxed)
      while seen & ViewSlot.addressMask == taken {
        let (isDone, now) = word.pointee.compareExchange(
          expected: seen, desired: seen - ViewSlot.one, successOrdering: .acquiringAndReleasing,
          failureOrdering: .relaxed)
        if isDone { return }
        seen = now
      }
      // Replaced meanwhile, and so the count is the view's.
      view.takeUnretainedValue().leave()
    }
  }

  /// Any thread, any time.
  @inline(__always)
  func visit() -> Visit {
    let word = word(Int(truncatingIfNeeded: sofa_thread_number()) & (ViewSlot.stripes - 1))
    let old = word.pointee.wrappingAdd(ViewSlot.one, ordering: .acquiringAndReleasing).oldValue
    return Visit(word: word, taken: old & ViewSlot.addressMask, view: ViewSlot.reference(old))
  }

  /// The current view, to keep. Any thread, any time.
  func load() -> ReadView {
    let visit = visit()
    defer { visit.end() }
    return visit.view.takeUnretainedValue()
  }

  /// One thread at a time, and never with a view that was here before.
  func replace(with view: ReadView) {
    let address = ViewSlot.address(retaining: view)
    for stripe in 0..<ViewSlot.stripes {
      let old = word(stripe).pointee.exchange(address, ordering: .acquiringAndReleasing)
      ViewSlot.reference(old).takeUnretainedValue().handOver(readers: Int(old / ViewSlot.one))
    }
  }

  @inline(__always)
  private func word(_ stripe: Int) -> UnsafeMutablePointer<Word> {
    (words + stripe &* ViewSlot.stride).assumingMemoryBound(to: Word.self)
  }

  private static func address(retaining view: ReadView) -> UInt64 {
    let address = UInt64(UInt(bitPattern: Unmanaged.passRetained(view).toOpaque()))
    precondition(address & ~addressMask == 0, "an address of more than 48 bits")
    return address
  }

  @inline(__always)
  private static func reference(_ word: UInt64) -> Unmanaged<ReadView> {
    Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: UInt(word & addressMask))!)
  }
}
