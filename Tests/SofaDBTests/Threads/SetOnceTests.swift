import Testing

@testable import SofaDB

@Suite struct SetOnceTests {
  private final class Thing: Sendable {}

  private struct Holder: ~Copyable {
    let thing = SetOnce<Thing>()
  }

  @Test func keepsWhatWasSetFirstAsLongAsItLives() {
    weak var first: Thing?
    weak var second: Thing?
    do {
      let holder = Holder()
      #expect(holder.thing.value == nil)
      for place in 0..<2 {
        let thing = Thing()
        if place == 0 { first = thing } else { second = thing }
        _ = holder.thing.set(thing)
      }
      #expect(first != nil && second == nil)
      let kept = holder.thing.value.map { ObjectIdentifier($0.takeUnretainedValue()) }
      #expect(kept == first.map { ObjectIdentifier($0) })
    }
    #expect(first == nil)
  }
}
