import Foundation
import SofaTesting
import Testing

/// Every target under libFuzzer and the address sanitizer, for a short while: that it still can be run, and finds
/// nothing at once. `make fuzz` runs them longer.
///
/// `make test` builds the fuzzer, where there is a libFuzzer, and says where it is in `SOFA_FUZZER`.
struct FuzzerTests {
  private static let fuzzer = ProcessInfo.processInfo.environment["SOFA_FUZZER"]

  @Test(.enabled(if: fuzzer != nil, "there is no libFuzzer, or the fuzzer was not built"), arguments: FuzzTarget.all)
  func aShortRunFindsNothing(target: FuzzTarget) throws {
    let fuzzer = try #require(Self.fuzzer)
    let scratch = try TemporaryDirectory()
    let corpus = scratch.path + "/corpus"
    let seeds = try ChildProcess.run(fuzzer, ["seeds", target.name, corpus])
    #expect(seeds.status == 0, "\(seeds.errors)")
    let run = try ChildProcess.run(
      fuzzer,
      [
        // The peak that a process reports begins with that of the one which began it: all of the tests.
        target.name, "-max_total_time=1", "-seed=1", "-timeout=10", "-rss_limit_mb=8192", "-malloc_limit_mb=64",
        "-artifact_prefix=\(scratch.path)/", corpus,
      ], environment: ["ASAN_OPTIONS": "quarantine_size_mb=16"], seconds: 60)
    #expect(run.status == 0, "\(target.name): \(run.errors.suffix(4000))")
    #expect(run.errors.contains("Done "), "it ran nothing: \(run.errors.suffix(1000))")
  }
}
