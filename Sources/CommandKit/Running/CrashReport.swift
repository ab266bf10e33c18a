internal import Glibc

/// Turns a trap of the process into one sentence and status 70, so that a script can tell a bug of the tool from damage
/// in a database. A debugger stops at the signal before the handler runs, and a handler that is already installed, as
/// `SWIFT_BACKTRACE` does, stays.
enum CrashReport {
  nonisolated(unsafe) private static var message: UnsafeMutableRawBufferPointer?

  static func install(name: String) {
    let text = "\(name): internal error. This is a bug; please report it with the lines above.\n"
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    memory.copyBytes(from: text.utf8)
    message = memory
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE] {
      var old = sigaction()
      sigaction(number, nil, &old)
      // SIG_DFL, which Swift cannot compare as a function.
      guard unsafeBitCast(old.__sigaction_handler, to: Int.self) == 0 else { continue }
      var action = sigaction()
      // Async-signal-safe: `write` and `_exit`.
      action.__sigaction_handler.sa_handler = { _ in
        if let message = CrashReport.message { _ = write(STDERR_FILENO, message.baseAddress, message.count) }
        _exit(70)
      }
      sigaction(number, &action, nil)
    }
  }
}
