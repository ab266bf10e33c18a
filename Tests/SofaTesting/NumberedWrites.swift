/// The batches of one thread of a writer: number n of thread t is always the same, and touches keys of its own only, so
/// that what a database has to hold follows from how many batches of each thread are in it.
public struct NumberedWrites: Sendable {
  public static let families = ["default", "one", "two"]

  let thread: Int

  public init(thread: Int) { self.thread = thread }

  /// Its value is the number of the thread's last batch, and behind it, for each thread, how many batches of it were
  /// acknowledged before that batch was begun.
  public var counterKey: [UInt8] { [UInt8(thread)] }

  /// What batch `number` does besides setting the counter.
  public func operations(_ number: UInt64) -> [PeerOperation] {
    var random = SeededRandom(seed: UInt64(thread) << 48 | number)
    var operations: [PeerOperation] = []
    for family in NumberedWrites.families where random.below(2) == 0 {
      operations.append(.family(family))
      for _ in 0..<(1 + random.below(3)) { operations.append(operation(number, &random)) }
    }
    return operations
  }

  private func operation(_ number: UInt64, _ random: inout SeededRandom) -> PeerOperation {
    func key(_ slot: Int) -> [UInt8] { [UInt8(thread), UInt8(slot)] }
    let slot = random.below(40)
    let value = Array("\(number)".utf8) + [UInt8](repeating: UInt8(slot), count: random.below(120))
    switch random.below(20) {
    case 0..<4: return .delete(key(slot))
    case 4: return .deleteRange(key(slot), key(slot + 1 + random.below(6)))
    case 5..<8: return .merge(key(slot), Array("\(number)".utf8))
    default: return .put(key(slot), value)
    }
  }

  public static func numbers(_ value: [UInt8]) -> [UInt64] {
    stride(from: 0, to: value.count - 7, by: 8).map { start in
      value[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  static func bytes(_ numbers: [UInt64]) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } }
  }
}
