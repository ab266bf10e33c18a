/// An error that knows how it ends the process. Errors of a library adopt it in the tool; an error that does not is a
/// bug of the tool and ends with status 70.
public protocol CommandFailure: Error {
  var exitStatus: ExitStatus { get }
  /// What went wrong and what to do, for standard error; several lines are fine.
  var failureMessage: String { get }
}
