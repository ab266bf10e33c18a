import Foundation
import SofaTesting
import Testing

/// Every target on its seeds, on all that was ever found, and on mutations of both.
@Suite struct FuzzTests {
  /// Inputs that once failed: `Tests/Fixtures/fuzz/TARGET/*`.
  private static func findings(_ target: FuzzTarget) throws -> [[UInt8]] {
    let path = Fixtures.path("fuzz/\(target.name)")
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: path).sorted().map {
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0)))
    }
  }

  @Test func thereIsATargetForEveryParser() {
    #expect(FuzzTarget.all.count >= 25)
    #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
  }

  @Test(arguments: FuzzTarget.all) func seedsFindingsAndMutations(target: FuzzTarget) throws {
    let seeds = try target.seeds()
    let inputs = try seeds + Self.findings(target)
    #expect(!seeds.isEmpty)
    #expect(seeds.allSatisfy { $0.count <= target.longest && !$0.isEmpty }, "\(seeds.map(\.count))")
    for input in inputs { Self.run(target, input) }
    Self.run(target, [])
    var random = SeededRandom(seed: target.name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    for _ in 0..<target.rounds {
      guard var input = inputs.randomElement(using: &random) else { return }
      for _ in 0...Int.random(in: 0..<3, using: &random) { Self.mutate(&input, inputs, &random) }
      Self.run(target, Array(input.prefix(target.longest)))
    }
  }

  /// The end of the input is the end of its memory.
  private static func run(_ target: FuzzTarget, _ input: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: input)
    target.run(UnsafeRawBufferPointer(memory))
  }

  private static func mutate(_ input: inout [UInt8], _ others: [[UInt8]], _ random: inout SeededRandom) {
    guard !input.isEmpty else { return input.append(UInt8.random(in: 0...255, using: &random)) }
    let place = Int.random(in: 0..<input.count, using: &random)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: input[place] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF].randomElement(using: &random) ?? 0
    case 2: input.insert(UInt8.random(in: 0...255, using: &random), at: place)
    case 3: input.remove(at: place)
    case 4: input.removeLast(input.count - place)
    case 5:
      for index in place..<min(place + 8, input.count) { input[index] = 0xFF }
    default:
      guard let other = others.randomElement(using: &random), !other.isEmpty else { return }
      let start = Int.random(in: 0..<other.count, using: &random)
      input.replaceSubrange(place..<min(place + 16, input.count), with: other[start..<min(start + 16, other.count)])
    }
  }
}
