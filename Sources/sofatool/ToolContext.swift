public import CommandKit
public import SofaDB

/// What every command reaches the world through.
struct ToolContext: CommandContext {
  let console: Console
  let fileSystem: any FileSystem
  var time: any TimeSource = SystemTime()
}

/// How the engine's errors end the process.
extension DatabaseError: CommandFailure {
  public var exitStatus: ExitStatus {
    switch kind {
    case .corruption, .unsettled: .incomplete
    case .invalid: .usage
    case .cancelled: .interrupted
    case .notFound, .alreadyExists, .permissionDenied, .noSpace, .io, .locked, .unsupported, .special, .conflict:
      .refused
    }
  }

  public var failureMessage: String { EscapedText.printable(description) }
}
