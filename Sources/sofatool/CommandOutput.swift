import CommandKit
import SofaDB
internal import Synchronization

/// What a dump writes to: standard output or a file; findings go to standard error. Remembers why writing ended, so
/// that a reader who left ends the tool quietly.
final class CommandOutput: DumpOutput {
  private let console: Console
  private let file: OutputFile?
  private let isQuiet: Bool
  private let failure = Mutex<(any Error)?>(nil)

  init(_ console: Console, file: OutputFile? = nil, isQuiet: Bool = false) {
    self.console = console
    self.file = file
    self.isQuiet = isQuiet
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    do {
      try console.interruption.check()
      if let file { try file.write(bytes) } else { try console.output.write(bytes) }
    } catch let error as DatabaseError {
      throw error
    } catch {
      failure.withLock { $0 = error }
      throw DatabaseError(.cancelled, "the output ended")
    }
  }

  func report(_ finding: Finding) {
    if !isQuiet { console.note(finding.line) }
  }

  /// Runs `body` and finishes the file; throws what really ended it.
  func finish<Report>(_ body: () throws(DatabaseError) -> Report) throws -> Report {
    do {
      let report = try body()
      try file?.commit()
      return report
    } catch {
      file?.discard()
      if let cause = failure.withLock({ $0 }) { throw cause }
      throw error
    }
  }
}
