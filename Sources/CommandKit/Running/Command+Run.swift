internal import Glibc

extension Command {
  /// Runs the tool: parses, answers `--help` and `--version`, runs the command, turns every error into its message and
  /// status, and flushes. The only entry, so tests run the tool in process. `arguments` come without the tool's name.
  public func run(arguments: [String], context: some CommandContext) -> ExitStatus {
    let console = context.console
    var status = ExitStatus.ok
    do throws(OutputError) {
      status = try perform(arguments, context)
      try console.output.flush()
      return status
    } catch {
      let worse = Command.report(error, console)
      // A finding says more than that the reader did not want all of it.
      return status == .ok || worse == .refused ? worse : status
    }
  }

  private func perform(_ arguments: [String], _ context: any CommandContext) throws(OutputError) -> ExitStatus {
    let console = context.console
    do {
      switch try ArgumentParser.parse(arguments, tool: self) {
      case .help(let chain):
        try console.output.write(HelpPage(chain, width: console.terminal.width).text)
        return .ok
      case .version:
        try console.output.writeLine("\(name) \(release?.version ?? "")")
        return .ok
      case .run(let command, let invocation):
        guard let body = command.body else { preconditionFailure("\(command.name) does not run") }
        do {
          return try body(invocation, context)
        } catch let error as UsageError {
          throw ArgumentParser.Failure(error: error, path: invocation.path)
        }
      }
    } catch let failure as ArgumentParser.Failure {
      let path = failure.path.joined(separator: " ")
      let lines = failure.error.lines(width: console.terminal.width)
      console.note("\(path): " + lines.joined(separator: "\n"))
      console.note("Try '\(path) --help'.")
      return .usage
    } catch let error as OutputError {
      throw error
    } catch {
      return Command.report(error, console)
    }
  }

  private static func report(_ error: any Error, _ console: Console) -> ExitStatus {
    switch error {
    case OutputError.readerLeft: return .incomplete
    case OutputError.failed(_, let reason):
      console.fail("standard output: \(reason)")
      return .refused
    case let interrupted as Interrupted:
      console.fail("interrupted")
      return interrupted.status
    case let failure as any CommandFailure:
      console.fail(failure.failureMessage)
      return failure.exitStatus
    default:
      console.fail("internal error: \(error). This is a bug; please report it.")
      return .bug
    }
  }

  /// The whole of a tool's `main.swift`: installs the signal handlers, runs with the process's arguments and exits.
  public func main(_ makeContext: (Console) -> some CommandContext) -> Never {
    Command.occupyStandardDescriptors()
    Interruption.install()
    CrashReport.install(name: name)
    let console = Console.standard(name: name)
    var arguments: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let bytes = CommandLine.unsafeArgv[index] else { break }
      guard let argument = String(validatingCString: bytes) else {
        // Repaired, it would name another file.
        console.fail("argument \(index), \(PrintableText.quote(String(cString: bytes))), is not UTF-8")
        exit(ExitStatus.usage.code)
      }
      arguments.append(argument)
    }
    exit(run(arguments: arguments, context: makeContext(console)).code)
  }

  /// Were standard output closed (`>&-`), the next file to be opened would get its number, and the report would be
  /// written into a database. Opened the wrong way round, so that using it stays an error.
  private static func occupyStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
      // The lowest free number is `descriptor`, since all below are open.
      if open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0 { exit(ExitStatus.refused.code) }
    }
  }
}
