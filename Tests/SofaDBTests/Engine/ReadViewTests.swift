import Testing

@testable import SofaDB

struct ReadViewTests {
  /// Between the moment when a stripe gets another view and the moment when it hands its readers over, any of them may
  /// leave: neither does the view go before the others have left, nor twice.
  @Test func aReaderMayLeaveBeforeItIsHandedOver() throws {
    let view = Unmanaged.passRetained(
      ReadView(Version(families: [], lastSequence: 1, nextFileNumber: 1), families: []))
    weak var seen: ReadView?
    seen = view.takeUnretainedValue()
    func settle(_ change: (ReadView) -> Void) { change(view.takeUnretainedValue()) }

    for _ in 1..<ViewSlot.stripes { settle { $0.handOver(readers: 0) } }
    settle { $0.leave() }
    try #require(seen != nil)
    settle { $0.handOver(readers: 2) }
    try #require(seen != nil)
    settle { $0.leave() }
    #expect(seen == nil)
  }
}
