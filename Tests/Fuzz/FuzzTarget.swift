import SofaDB

/// One parser of bytes that anybody may have written, as a function that takes any input: it must come back, without a
/// trap and without memory out of proportion, and what it reads and can write again must read as the same.
///
/// Used twice: `FuzzTests` runs all targets over their seeds, old findings and mutations drawn from a fixed seed;
/// `Fuzzer` is the executable that libFuzzer drives (`make fuzz`).
struct FuzzTarget: Sendable, CustomStringConvertible {
  let name: String
  /// Bytes of the longest input that is made.
  let longest: Int
  /// Mutations in a run of the tests.
  let rounds: Int
  /// Inputs to start from.
  let seeds: @Sendable () throws -> [[UInt8]]
  let body: @Sendable (UnsafeRawBufferPointer) throws -> Void

  var description: String { name }

  init(
    _ name: String, longest: Int = 4096, rounds: Int = 2000, seeds: @escaping @Sendable () throws -> [[UInt8]],
    body: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
  ) {
    self.name = name
    self.longest = longest
    self.rounds = rounds
    self.seeds = seeds
    self.body = body
  }

  static let all: [FuzzTarget] =
    ofBytes + ofValues + ofCodecs + ofLogs + ofManifests + ofBlocks + ofFilters + ofTables + ofText + ofDirectories

  /// Runs the parser on one input. That bytes are refused is as good as that they are read, provided that the bytes
  /// are blamed and not the disk.
  func run(_ bytes: UnsafeRawBufferPointer) {
    do { try body(bytes) } catch let error as DatabaseError {
      switch error.kind {
      case .corruption, .unsupported, .notFound, .invalid: break
      default: preconditionFailure("\(name): \(error)")
      }
    } catch let error as FormatError {
      _ = error
    } catch {
      preconditionFailure("\(name): \(error)")
    }
  }
}
