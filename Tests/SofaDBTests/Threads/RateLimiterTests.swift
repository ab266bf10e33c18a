import SofaTesting
import Synchronization
import Testing

@testable import SofaDB

@Suite struct RateLimiterTests {
  @Test func whatIsTakenIsPaidForInTime() {
    let time = ManualTime()
    let limiter = RateLimiter(bytesPerSecond: 1000, time: time)
    // A full bucket is worth a tenth of a second.
    #expect(limiter.take(100))
    #expect(time.slept == 0)
    for _ in 0..<10 { #expect(limiter.take(1000)) }
    #expect(abs(time.slept - 10) < 0.001)
  }

  @Test func anIdleBucketHoldsNoMoreThanItsBurst() {
    let time = ManualTime()
    let limiter = RateLimiter(bytesPerSecond: 1000, time: time)
    time.advance(3600)
    #expect(limiter.take(5000))
    #expect(abs(time.slept - 4.9) < 0.001)
  }

  @Test(arguments: [0.001, 1, 37, 1e6]) func anyRateIsKept(rate: Double) {
    let time = ManualTime(step: 1e-7)
    let limiter = RateLimiter(bytesPerSecond: rate, time: time)
    for size in [0, 1, 7, 64] { #expect(limiter.take(size)) }
    #expect(time.monotonic >= 72 / rate - 0.101)
    #expect(time.monotonic <= 72 / rate + 0.001)
  }

  @Test func threadsShareIt() {
    let time = ManualTime()
    let limiter = RateLimiter(bytesPerSecond: 1_048_576, time: time)
    Workers.run(4) { _ in for _ in 0..<8 { _ = limiter.take(1 << 16) } }
    // 2 MiB in all; a clock that threads move together may run ahead, never behind.
    #expect(time.monotonic >= 1.899)
  }

  @Test func aWishToStopEndsTheWait() {
    let time = ManualTime()
    let limiter = RateLimiter(bytesPerSecond: 1, time: time)
    #expect(!limiter.take(1_000_000, unless: { time.slept > 5 }))
    #expect(time.slept < 5.2)
  }

  @Test func theMachinesClocksGoForward() {
    let time = SystemTime()
    let (start, day) = (time.monotonic, time.now)
    time.sleep(0.01)
    time.sleep(-1)
    #expect(time.monotonic - start > 0.005)
    #expect(time.now >= day && day > 1_700_000_000)
  }
}
