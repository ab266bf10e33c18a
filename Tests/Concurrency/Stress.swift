import SofaDB
import SofaTesting

/// Histories on a real disk, as a program of its own: what `make tsan` runs.
///
///     sofastress FIRST COUNT   the seeds
@main
enum Stress {
  static func main() throws {
    let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
    guard numbers.count == 2 else {
      print("usage: sofastress FIRST COUNT")
      return
    }
    var failures: [String] = []
    for seed in numbers[0]..<(numbers[0] + numbers[1]) {
      let directory = try TemporaryDirectory()
      failures += try History(seed: seed, path: directory.path + "/db", in: PosixFileSystem()).run()
      withExtendedLifetime(directory) {}
    }
    for failure in failures { print(failure) }
    print("\(numbers[1]) histories, \(failures.count) failures")
    precondition(failures.isEmpty)
  }
}
