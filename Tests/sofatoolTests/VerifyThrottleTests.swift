/// `verify --read-mib-per-sec`: slower, otherwise the same; and a wish to stop is heard at once.
import CommandKit
import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

@Suite struct VerifyThrottleTests {
  private let database = Fixtures.path("databases/r783-levels/db")

  @Test func readsNoFasterThanAllowed() throws {
    let time = ManualTime()
    let run = ToolRun("verify", "--json", "--read-mib-per-sec", "0.5", "-j", "2", database, time: time)
    #expect(run.status == .ok)
    let summary = try #require(run.lines.last.map(String.init))
    let bytes = try #require(
      (JSONSerialization.jsonObject(with: Data(summary.utf8)) as? [String: Any])?["bytes"] as? Int)
    #expect(time.slept >= Double(bytes) / 524_288 - 0.11)
    // The report is that of a fast run, but for the time it took.
    let fast = ToolRun("verify", "--json", database)
    #expect(fast.lines.dropLast() == run.lines.dropLast())
  }

  @Test(arguments: ["0", "-1", "x", "1e9", "nan"]) func refusesWhatIsNoRate(text: String) {
    let run = ToolRun("verify", "--read-mib-per-sec", text, database)
    #expect(run.status == .usage)
    #expect(run.output.isEmpty)
  }

  @Test func aSignalEndsAThrottledRun() {
    for (signal, status) in [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated)] {
      let interruption = Interruption()
      interruption.request(signal: signal)
      let run = ToolRun(
        "verify", "--read-mib-per-sec", "0.001", database, interruption: interruption, time: ManualTime())
      #expect(run.status == status)
      #expect(run.output.isEmpty)
    }
  }
}
