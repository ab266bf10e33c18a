/// What a command's end means to the script that called it. Every status of the tool is named here and nowhere else.
public struct ExitStatus: Hashable, Sendable {
  public let code: Int32
  public init(_ code: Int32) { self.code = code }

  /// The work is complete and nothing is wrong.
  public static let ok = ExitStatus(0)
  /// The work is complete and there are findings, losses or rejects.
  public static let findings = ExitStatus(1)
  /// The command line makes no sense.
  public static let usage = ExitStatus(2)
  /// The work or the check is incomplete: a budget is spent, a part cannot be read, the reader of the output left.
  public static let incomplete = ExitStatus(3)
  /// The environment refused: locked, permission, no space, I/O, unsupported feature. Nothing was changed.
  public static let refused = ExitStatus(4)
  /// A bug in the tool itself.
  public static let bug = ExitStatus(70)
  /// SIGINT; the state is saved.
  public static let interrupted = ExitStatus(130)
  /// SIGTERM or SIGHUP; the state is saved.
  public static let terminated = ExitStatus(143)

  /// In the order in which manual pages list them.
  public static let all: [ExitStatus] = [
    .ok, .findings, .usage, .incomplete, .refused, .bug, .interrupted, .terminated,
  ]

  /// The sentence for manual pages, unless the command says it more exactly.
  public var meaning: String {
    switch self {
    case .ok: "The work is complete and nothing is wrong."
    case .findings: "The work is complete and there are findings, losses or rejects."
    case .usage: "The command line is wrong; nothing was done."
    case .incomplete: "The work or the check is incomplete: a budget is spent or a part cannot be read."
    case .refused:
      "The environment refused: locked, permission, no space, I/O error, unsupported feature. Nothing was changed."
    case .bug: "A bug in the tool."
    case .interrupted: "Interrupted by SIGINT; the state is saved."
    case .terminated: "Ended by SIGTERM or SIGHUP; the state is saved."
    default: "Status \(code)."
    }
  }
}
