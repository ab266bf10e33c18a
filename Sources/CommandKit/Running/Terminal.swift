internal import Glibc

/// What is known of the three standard streams.
public struct Terminal: Sendable {
  public var isInput: Bool
  public var isOutput: Bool
  public var isError: Bool
  /// Columns that help, tables and progress may use.
  public var width: Int

  /// No terminal at all, as in a pipeline or a test.
  public static let none = Terminal(isInput: false, isOutput: false, isError: false, width: 100)

  /// What the process has.
  public static var current: Terminal {
    var terminal = Terminal.none
    terminal.isInput = isatty(STDIN_FILENO) == 1
    terminal.isOutput = isatty(STDOUT_FILENO) == 1
    terminal.isError = isatty(STDERR_FILENO) == 1
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
      var size = winsize()
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
        terminal.width = Int(size.ws_col)
        break
      }
    }
    return terminal
  }
}
