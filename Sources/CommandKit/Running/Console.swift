internal import Glibc
internal import Synchronization

/// What a command talks to: its two outputs, what is known of the terminal, the wish to stop, and the one progress line
/// that stays below the messages. Safe to share between threads.
public final class Console: Sendable {
  /// Data or the report, nothing else.
  public let output: any TextOutput
  /// Everything else.
  public let errors: any TextOutput
  public let terminal: Terminal
  public let interruption: Interruption
  /// The tool's name, which begins warnings and errors.
  public let name: String
  /// The progress line that is on the screen now, empty for none.
  private let progressLine = Mutex("")

  public init(
    name: String, output: any TextOutput, errors: any TextOutput, terminal: Terminal = .none,
    interruption: Interruption = Interruption()
  ) {
    self.name = name
    self.output = output
    self.errors = errors
    self.terminal = terminal
    self.interruption = interruption
  }

  /// Standard output and standard error of the process.
  public static func standard(name: String) -> Console {
    let terminal = Terminal.current
    return Console(
      name: name,
      output: DescriptorOutput(descriptor: STDOUT_FILENO, buffering: terminal.isOutput ? .line : .full),
      errors: DescriptorOutput(descriptor: STDERR_FILENO, buffering: .none), terminal: terminal,
      interruption: .process)
  }

  /// A line on standard error. That standard error cannot be written to changes nothing about the work.
  public func note(_ text: String) {
    progressLine.withLock { line in
      let erase = line.isEmpty ? "" : Self.erase
      tell(erase + text + "\n" + line)
    }
  }

  public func warn(_ text: String) { note("\(name): warning: \(text)") }
  public func fail(_ text: String) { note("\(name): \(text)") }

  /// Replaces the progress line; empty removes it.
  func showProgress(_ text: String) {
    progressLine.withLock { line in
      tell((line.isEmpty ? "" : Self.erase) + text)
      line = text
    }
  }

  private static let erase = "\r\u{1B}[K"

  private func tell(_ text: String) {
    do {
      try errors.write(text)
      try errors.flush()
    } catch {
      // Nowhere is left to say it.
    }
  }
}

/// What commands get besides their arguments. A tool has one type of its own, with the console and whatever else its
/// commands reach the world through.
public protocol CommandContext: Sendable {
  var console: Console { get }
}

/// A tool that needs nothing else.
extension Console: CommandContext {
  public var console: Console { self }
}
