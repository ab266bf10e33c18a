internal import Glibc
internal import Synchronization

/// The wish to stop: SIGINT, SIGTERM and SIGHUP set a flag that long work looks at; the second signal ends the process
/// at once. Reading is one relaxed load, cheap enough for every block.
public final class Interruption: Sendable {
  private let signal = Atomic<Int32>(0)

  public init() {}

  /// The one that signals set.
  public static let process = Interruption()

  /// Whether the process was asked to stop.
  public static var isRequested: Bool { process.isRequested }

  public var isRequested: Bool { signal.load(ordering: .relaxed) != 0 }

  /// What the process should end with: 130 after SIGINT, 143 after SIGTERM and SIGHUP; nil when nobody asked.
  public var status: ExitStatus? {
    switch signal.load(ordering: .relaxed) {
    case 0: nil
    case SIGINT: .interrupted
    default: .terminated
    }
  }

  /// As the signal would; for tests and for work that is cancelled from inside.
  public func request(signal number: Int32 = 2) { signal.store(number, ordering: .relaxed) }

  /// Throws when a stop was asked for.
  public func check() throws(Interrupted) {
    if let status { throw Interrupted(status: status) }
  }

  /// Installs the handlers. A signal that the parent ignores (`nohup`) stays ignored. SIGPIPE is ignored, so that a
  /// reader that left is an error of `write`.
  public static func install() {
    // Touched before a handler can run: lazy initialization is not safe inside one.
    _ = process
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var old = sigaction()
      sigaction(number, nil, &old)
      // SIG_IGN, which Swift cannot compare as a function.
      if unsafeBitCast(old.__sigaction_handler, to: Int.self) == 1 { continue }
      var new = sigaction()
      // Async-signal-safe: one atomic exchange and `_exit`.
      new.__sigaction_handler.sa_handler = { number in
        if Interruption.process.signal.exchange(number, ordering: .relaxed) != 0 {
          _exit(number == SIGINT ? ExitStatus.interrupted.code : ExitStatus.terminated.code)
        }
      }
      new.sa_flags = SA_RESTART
      sigaction(number, &new, nil)
    }
    Glibc.signal(SIGPIPE, SIG_IGN)
  }
}

/// Work ended early because a stop was asked for, with its state saved.
public struct Interrupted: Error, Sendable, Equatable {
  public let status: ExitStatus
  public init(status: ExitStatus) { self.status = status }
}
