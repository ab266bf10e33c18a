import Foundation
import Testing

@testable import CommandKit

/// Signals change a whole process, so each test has a child of its own.
struct InterruptionTests {
  @Test func theFirstSignalSetsTheFlag() async {
    await #expect(processExitsWith: .exitCode(143)) {
      Interruption.install()
      guard !Interruption.isRequested else { exit(1) }
      kill(getpid(), SIGTERM)
      while !Interruption.isRequested { sched_yield() }
      exit(Interruption.process.status?.code ?? 2)
    }
  }

  @Test func theSecondSignalEndsTheProcess() async {
    await #expect(processExitsWith: .exitCode(130)) {
      Interruption.install()
      kill(getpid(), SIGINT)
      while !Interruption.isRequested { sched_yield() }
      kill(getpid(), SIGINT)
      sleep(60)
      exit(1)
    }
  }

  @Test func anIgnoredSignalStaysIgnored() async {
    await #expect(processExitsWith: .exitCode(7)) {
      signal(SIGHUP, SIG_IGN)
      Interruption.install()
      kill(getpid(), SIGHUP)
      exit(Interruption.isRequested ? 1 : 7)
    }
  }

  @Test func aTrapEndsWithTheStatusOfABug() async {
    await #expect(processExitsWith: .exitCode(70)) {
      for number in [SIGILL, SIGTRAP, SIGSEGV] { signal(number, SIG_DFL) }
      CrashReport.install(name: "tool")
      let limit = Int.max - CommandLine.arguments.count
      precondition(limit < 0, "a bug")
    }
  }
}
