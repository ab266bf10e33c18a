/// The inputs of a `MergingCursor`, newest first, and the memory of its matches: apart from the cursor, so that they
/// can be used again. One thread at a time.
final class MergeInputs {
  /// An input in a match. Those that have ended have the greatest prefix.
  struct Player {
    var prefix: UInt64
    var source: Int
  }

  let sources: UnsafeMutableBufferPointer<EntrySource>
  let tree: UnsafeMutablePointer<Player>
  /// Who comes up from each place, while the tree is built.
  let winners: UnsafeMutablePointer<Player>
  let prefixes: KeyPrefixes

  /// Keys are expected to lie between user keys `lower` and `upper`, given without timestamps, or else where the inputs
  /// say; others are merged as well, only slower.
  init(_ inputs: [EntrySource], order: KeyOrder, lower: [UInt8]? = nil, upper: [UInt8]? = nil) {
    sources = .allocate(capacity: inputs.count)
    _ = sources.initialize(from: inputs)
    let count = max(inputs.count, 1)
    tree = .allocate(capacity: count)
    tree.initialize(repeating: Player(prefix: .max, source: 0), count: count)
    winners = .allocate(capacity: 2 * count)
    winners.initialize(repeating: Player(prefix: .max, source: 0), count: 2 * count)
    var expected = [lower, upper].compactMap { $0 }
    if expected.count < 2 { expected += inputs.compactMap(\.bounds).flatMap { [lower ?? $0.first, upper ?? $0.last] } }
    prefixes = KeyPrefixes(expected, order: order)
  }

  deinit {
    sources.deinitialize()
    sources.deallocate()
    tree.deallocate()
    winners.deallocate()
  }

  /// Gives back what only a cursor that moves needs: blocks, and memory to read ahead into.
  func rest() { for index in sources.indices { sources[index].rest() } }
}
