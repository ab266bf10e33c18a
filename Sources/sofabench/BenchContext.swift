public import CommandKit
public import SofaDB

/// What all commands of the benchmark need.
struct BenchContext: CommandContext {
  let console: Console
}

extension DatabaseError: CommandFailure {
  public var exitStatus: ExitStatus { .refused }
  public var failureMessage: String { EscapedText.printable(description) }
}
