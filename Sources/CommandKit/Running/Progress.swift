internal import Glibc
internal import Synchronization

/// How far long work is, on standard error: part, rate and time left. Any thread may call `update` as often as it
/// likes; the line is drawn at most ten times a second, and once every ten seconds when standard error is no terminal
/// but progress was asked for. Off, every call is one comparison.
public final class Progress: Sendable {
  /// `--progress`.
  public enum Mode: String, CommandLineChoice {
    case auto, always, never

    public var summary: String {
      switch self {
      case .auto: "only on a terminal"
      case .always: "also into a file or pipe, a line every ten seconds"
      case .never: "no progress"
      }
    }
  }

  public enum Unit: Sendable {
    case bytes
    /// A plural noun: "entries".
    case items(String)
  }

  private struct State {
    var label: String
    var done = 0
    var total: Int?
    var unit = Unit.bytes
    var started: UInt64
    var drawn: UInt64 = 0
    /// Of the last ten seconds or so: recent samples of time and work done.
    var samples: [(time: UInt64, done: Int)] = []
    var isFinished = false
  }

  private let console: Console
  private let isOn: Bool
  private let onTerminal: Bool
  private let interval: UInt64
  private let now: @Sendable () -> UInt64
  /// When `update` should take the lock again.
  private let nextDraw: Atomic<UInt64>
  private let state: Mutex<State>

  /// `isQuiet` is `-q`, which wins over every mode.
  public convenience init(_ label: String, on console: Console, mode: Mode = .auto, isQuiet: Bool = false) {
    self.init(label, on: console, mode: mode, isQuiet: isQuiet, now: Self.monotonicNanoseconds)
  }

  init(_ label: String, on console: Console, mode: Mode, isQuiet: Bool, now: @escaping @Sendable () -> UInt64) {
    self.console = console
    self.now = now
    onTerminal = console.terminal.isError
    isOn = !isQuiet && (mode == .always || mode == .auto && onTerminal)
    interval = onTerminal ? 100_000_000 : 10_000_000_000
    let start = isOn ? now() : 0
    nextDraw = Atomic(start + (onTerminal ? interval * 3 : interval))
    state = Mutex(State(label: label, started: start))
  }

  /// `done` is what is complete since the start, `total` what the whole will be, when known. Out-of-order calls of
  /// several threads only move the line forward.
  public func update(done: Int, total: Int? = nil, unit: Unit = .bytes) {
    guard isOn else { return }
    let time = now()
    guard time >= nextDraw.load(ordering: .relaxed) else { return }
    state.withLock { state in
      guard time >= nextDraw.load(ordering: .relaxed), !state.isFinished else { return }
      nextDraw.store(time + interval, ordering: .relaxed)
      state.done = max(state.done, done)
      state.total = total
      state.unit = unit
      draw(&state, time)
    }
  }

  /// Starts another phase of the work under a new label, from nothing done.
  public func begin(_ label: String) {
    guard isOn else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      state = State(label: label, started: now())
    }
  }

  /// Removes the line. Later updates draw nothing.
  public func finish() {
    guard isOn else { return }
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      if onTerminal { console.showProgress("") }
    }
  }

  deinit { finish() }

  private func draw(_ state: inout State, _ time: UInt64) {
    state.samples.append((time, state.done))
    if state.samples.count > 100 { state.samples.removeFirst() }
    while state.samples.count > 2, time - state.samples[0].time > 10_000_000_000 { state.samples.removeFirst() }
    let line = Self.line(
      label: state.label, done: state.done, total: state.total, unit: state.unit, rate: Self.rate(state, time),
      width: onTerminal ? console.terminal.width - 1 : 200)
    if onTerminal { console.showProgress(line) } else { console.note(line) }
  }

  /// Units a second over the recent samples, or since the start while there is only one.
  private static func rate(_ state: State, _ time: UInt64) -> Double {
    let recent = state.samples.count > 1 ? state.samples[0] : (time: state.started, done: 0)
    guard time > recent.time else { return 0 }
    return Double(max(0, state.done - recent.done)) / (Double(time - recent.time) / 1e9)
  }

  /// `verify  42.0%  1.2 GiB of 2.9 GiB  310.2 MiB/s  5.5 s left`.
  static func line(label: String, done: Int, total: Int?, unit: Unit, rate: Double, width: Int) -> String {
    var parts = [label]
    if let total, total > 0 {
      parts.append(DisplayWidth.pad(Quantity.percent(Double(min(done, total)), of: Double(total)), to: 6, right: true))
    }
    let whole = rate.isFinite ? Int(min(max(rate, 0), 1e18)) : 0
    switch unit {
    case .bytes:
      parts.append(Quantity.bytes(done) + (total.map { " of " + Quantity.bytes($0) } ?? ""))
      parts.append(Quantity.rate(bytes: whole, seconds: 1))
    case .items(let noun):
      let amount = Quantity.grouped(done) + (total.map { " of " + Quantity.grouped($0) } ?? "")
      parts.append(amount + " " + noun)
      parts.append(Quantity.rate(count: whole, seconds: 1))
    }
    if let total, total > done, rate > 0 { parts.append(Quantity.seconds(Double(total - done) / rate) + " left") }
    while parts.count > 1, DisplayWidth.of(parts.joined(separator: "  ")) > width { parts.removeLast() }
    return String(parts.joined(separator: "  ").prefix(max(0, width)))
  }

  private static let monotonicNanoseconds: @Sendable () -> UInt64 = {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
