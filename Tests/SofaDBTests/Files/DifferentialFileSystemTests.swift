/// The simulated file system is only worth something if it behaves as the real one: the same random calls give the
/// same results, errors, listings and contents on both.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct DifferentialFileSystemTests {
  /// Runs one random script and returns what each call answered.
  private func transcript(_ root: any Directory, seed: UInt64) -> [String] {
    var random = SeededRandom(seed: seed)
    var script = RandomScript(root: root)
    return (0..<80).map { _ in script.step(&random) }
  }

  @Test(arguments: 0..<8) func sameCallsSameAnswers(batch: UInt64) throws {
    var answers: Set<String> = []
    for seed in (batch * 40)..<(batch * 40 + 40) {
      let temporary = try TemporaryDirectory()
      let real = transcript(try PosixFileSystem().directory(at: temporary.path), seed: seed)
      let simulated = transcript(try SimulatedFileSystem().directory(at: "db"), seed: seed)
      for (step, (a, b)) in zip(real, simulated).enumerated() where a != b {
        Issue.record("seed \(seed), step \(step): real \(a), simulated \(b)")
        break
      }
      answers.formUnion(real.map { String($0.split(separator: ":")[1]) })
    }
    // The scripts are only worth something if they meet every refusal.
    let refusals = [
      "notFound", "alreadyExists", "permissionDenied", "special", "invalid", "locked", "io(20)", "io(21)", "io(39)",
    ]
    for refusal in refusals { #expect(answers.contains(" \(refusal)"), "\(refusal)") }
  }

  @Test func theCanaryIsFound() throws {
    let a = transcript(try SimulatedFileSystem().directory(at: "db"), seed: 1)
    let system = SimulatedFileSystem()
    system.faults = .all([.rename], .failDone(5))
    #expect(a != transcript(try system.directory(at: "db"), seed: 1))
  }
}

/// Random calls on few names, so that they meet.
private struct RandomScript {
  private let root: any Directory
  private var directories: [any Directory]
  private var writers: [any AppendFile] = []
  private var readers: [any RandomAccessFile] = []
  private var locks: [any FileLock] = []

  init(root: any Directory) {
    self.root = root
    directories = [root]
  }

  private static let names = ["a", "b", "c", "d"]

  mutating func step(_ random: inout SeededRandom) -> String {
    let directory = directories[Int.random(in: 0..<directories.count, using: &random)]
    let other = directories[Int.random(in: 0..<directories.count, using: &random)]
    let name = Self.names[Int.random(in: 0..<4, using: &random)]
    let target = Self.names[Int.random(in: 0..<4, using: &random)]
    let replacing = Bool.random(using: &random)
    let pick = Int.random(in: 0..<1000, using: &random)
    let call = Int.random(in: 0..<100, using: &random)
    do {
      return try "\(call) \(name) \(target): " + run(call, directory, other, name, target, replacing, pick)
    } catch {
      return "\(call) \(name) \(target): \((error as? DatabaseError).map { "\($0.kind)" } ?? "\(error)")"
    }
  }

  private mutating func run(
    _ call: Int, _ directory: any Directory, _ other: any Directory, _ name: String, _ target: String,
    _ replacing: Bool,
    _ pick: Int
  ) throws -> String {
    switch call {
    case 0..<14: writers.append(try directory.create(name))
    case 14..<28:
      guard !writers.isEmpty else { return "no writer" }
      let writer = writers[pick % writers.count]
      try [UInt8](repeating: UInt8(pick % 251), count: pick % 700).withUnsafeBytes { try writer.append($0) }
      return "\(writer.size)"
    case 28..<32:
      guard !writers.isEmpty else { return "no writer" }
      try writers.remove(at: pick % writers.count).close()
    case 32..<38:
      let reader = try directory.open(name)
      readers.append(reader)
      return "\(reader.size)"
    case 38..<48:
      guard !readers.isEmpty else { return "no reader" }
      let buffer = ByteBuffer(count: pick)
      let count = try readers[pick % readers.count].read(into: buffer.memory, at: UInt64(pick / 2))
      return withExtendedLifetime(buffer) { "\(count) \(buffer.bytes[..<count].reduce(0) { $0 &* 31 &+ Int($1) })" }
    case 48..<62: try directory.rename(name, to: target, replacing: replacing)
    case 62..<70: try directory.link(name, into: other, as: target)
    case 70..<76: try directory.remove(name)
    case 76..<79: directories.append(try directory.createDirectory(name))
    case 79..<82: try directory.removeDirectory(name)
    case 82..<84: directories.append(try directory.directory(name))
    case 84..<90:
      guard let found = try directory.attributes(of: name) else { return "nothing" }
      return found.kind == .file ? "file \(found.size) \(found.linkCount)" : "\(found.kind)"
    case 90..<92: locks.append(try directory.lock(name))
    case 92..<93:
      if !locks.isEmpty { locks.remove(at: pick % locks.count).release() }
    case 93..<95: return "\(try directory.lockState(of: name))"
    case 95: try directory.sync()
    default: return "\(try directory.entries().map { "\($0.name) \($0.kind)" }.sorted())"
    }
    return "done"
  }
}
