import Glibc
import SofaDB
import SofaTesting
import Synchronization

/// Histories, and the parts that threads share, as a program of its own: what `make tsan` runs. The last line says how
/// it went, and so does the exit status.
///
///     sofastress FIRST COUNT   the seeds
@main
enum Stress {
  /// What one thread does to a shared part.
  private static let rounds = 2_000

  static func main() throws {
    let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
    guard numbers.count == 2, numbers[1] <= 1 << 32, numbers[0] <= 1 << 32 else {
      print("usage: sofastress FIRST COUNT")
      exit(2)
    }
    var failures: [String] = []
    for part in SharedParts.all { failures += try part(rounds) }
    for seed in numbers[0]..<(numbers[0] + numbers[1]) {
      // Where syncs cost nothing, there is always somebody at work.
      let directory = try TemporaryDirectory(inMemory: true)
      failures += try History(seed: seed, path: directory.path + "/db", in: PosixFileSystem()).run()
      withExtendedLifetime(directory) {}
    }
    for failure in failures { print(failure) }
    let flushes = History.flushes.load(ordering: .relaxed)
    print("\(numbers[1]) histories with \(flushes) flushes, \(failures.count) failures")
    exit(failures.isEmpty ? 0 : 1)
  }
}
