@testable import CommandKit
import Synchronization
import Testing

struct ProgressTests {
  /// A clock that only moves when told to.
  private final class Clock: Sendable {
    let nanoseconds = Atomic<UInt64>(1_000_000_000)
    func advance(milliseconds: UInt64) { nanoseconds.add(milliseconds * 1_000_000, ordering: .relaxed) }
  }

  private let clock = Clock()
  private let errors = MemoryOutput()

  private func console(isTerminal: Bool) -> Console {
    var terminal = Terminal.none
    terminal.isError = isTerminal
    return Console(name: "tool", output: MemoryOutput(), errors: errors, terminal: terminal)
  }

  private func progress(_ console: Console, _ mode: Progress.Mode = .auto, isQuiet: Bool = false) -> Progress {
    let clock = clock
    return Progress("verify", on: console, mode: mode, isQuiet: isQuiet) {
      clock.nanoseconds.load(ordering: .relaxed)
    }
  }

  @Test func theLineSaysHowFarHowFastAndHowLong() {
    #expect(
      Progress.line(
        label: "verify", done: 512 << 20, total: 1 << 30, unit: .bytes, rate: Double(128 << 20), width: 100)
        == "verify   50.0%  512.0 MiB of 1.0 GiB  128.0 MiB/s  4.0 s left")
    #expect(
      Progress.line(label: "sort", done: 1_234_567, total: nil, unit: .items("rows"), rate: 20_000, width: 100)
        == "sort  1,234,567 rows  20.0 k/s")
    #expect(
      Progress.line(label: "verify", done: 1, total: 2, unit: .bytes, rate: .infinity, width: 20)
        == "verify   50.0%")
    #expect(Progress.line(label: "verify", done: 1, total: 2, unit: .bytes, rate: 0, width: 3) == "ver")
  }

  @Test func itIsDrawnTenTimesASecondAtMost() {
    let progress = progress(console(isTerminal: true))
    for step in 1...1000 {
      clock.advance(milliseconds: 1)
      progress.update(done: step, total: 1000)
    }
    let drawn = errors.text.split(separator: "verify").count
    #expect((5...11).contains(drawn), "\(errors.text)")
    progress.finish()
    #expect(errors.text.hasSuffix("\r\u{1B}[K"))
    clock.advance(milliseconds: 1000)
    let before = errors.text
    progress.update(done: 1000, total: 1000)
    #expect(errors.text == before)
  }

  @Test func messagesStandAboveTheLine() {
    let console = console(isTerminal: true)
    let progress = progress(console)
    clock.advance(milliseconds: 500)
    progress.update(done: 5, total: 10, unit: .items("files"))
    console.note("a message")
    #expect(errors.text.contains("\r\u{1B}[Ka message\nverify   50.0%"))
    progress.finish()
  }

  @Test func withoutATerminalItIsSilentUnlessAskedFor() {
    for (mode, isQuiet) in [(Progress.Mode.auto, false), (.never, false), (.always, true)] {
      let progress = progress(console(isTerminal: false), mode, isQuiet: isQuiet)
      clock.advance(milliseconds: 60_000)
      progress.update(done: 1, total: 2)
      progress.finish()
    }
    #expect(errors.text == "")
    let progress = progress(console(isTerminal: false), .always)
    clock.advance(milliseconds: 60_000)
    progress.update(done: 1, total: 2)
    clock.advance(milliseconds: 1000)
    progress.update(done: 2, total: 2)
    progress.finish()
    #expect(errors.text.split(separator: "\n").count == 1)
    #expect(!errors.text.contains("\r"))
  }

  @Test func aTerminalAndQuietSayNothing() {
    let progress = progress(console(isTerminal: true), .always, isQuiet: true)
    clock.advance(milliseconds: 60_000)
    progress.update(done: 1, total: 2)
    #expect(errors.text == "")
  }

  @Test func manyThreadsMayUpdate() async {
    let progress = progress(console(isTerminal: true))
    let clock = clock
    await withTaskGroup { group in
      for thread in 0..<8 {
        group.addTask {
          for step in 0..<2000 {
            clock.advance(milliseconds: 1)
            progress.update(done: step * 8 + thread, total: 16_000)
          }
        }
      }
    }
    progress.finish()
    #expect(errors.text.hasSuffix("\u{1B}[K"))
  }
}
