import Foundation

/// The two functions that libFuzzer, whose main function this executable has, calls. Built by `make fuzz` only.
///
///     sofafuzz list                     the names of all targets
///     sofafuzz seeds TARGET DIRECTORY   writes the inputs to start from
///     sofafuzz TARGET ARGUMENTS...      fuzzes; the arguments are libFuzzer's
enum Fuzzer {
  /// Set once, before anything runs.
  nonisolated(unsafe) fileprivate static var target: FuzzTarget?

  typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  /// Takes what is ours from the front of the arguments.
  fileprivate static func begin(_ count: inout CInt, _ arguments: Arguments) throws {
    let words = (1..<max(Int(count), 1)).compactMap { arguments[$0].map { String(cString: $0) } }
    if words.first == "list" {
      print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
      leave(0)
    }
    let isSeeding = words.first == "seeds" && words.count == 3
    target = FuzzTarget.all.first { $0.name == (isSeeding ? words[1] : words.first) }
    guard let target else {
      print("usage: sofafuzz list | seeds TARGET DIRECTORY | TARGET ARGUMENTS...")
      leave(64)
    }
    if isSeeding {
      try write(target.seeds(), to: words[2])
      leave(0)
    }
    // In the place of the target's name.
    arguments[1] = strdup("-max_len=\(target.longest)")
  }

  /// Without the search for leaks: reading files through Foundation leaks.
  private static func leave(_ status: Int32) -> Never {
    fflush(nil)
    _exit(status)
  }

  private static func write(_ seeds: [[UInt8]], to directory: String) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for (number, seed) in seeds.enumerated() {
      try Data(seed).write(to: URL(fileURLWithPath: "\(directory)/seed-\(number)"))
    }
  }
}

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  do { try Fuzzer.begin(&count.pointee, arguments.pointee) } catch { preconditionFailure("\(error)") }
  return 0
}

/// Without optimization the command of the fuzzed arguments is made at run time, and lies where the search for leaks
/// does not find it.
@_cdecl("__lsan_default_suppressions")
public func suppressions() -> UnsafePointer<CChar> { UnsafePointer(strdup("leak:FuzzedCommand")!) }

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Fuzzer.target?.run(UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}

/// The package manager gives the executable an entry point of this name, which then stands before libFuzzer's own.
@_cdecl("sofafuzz_main")
public func run(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments, test)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
