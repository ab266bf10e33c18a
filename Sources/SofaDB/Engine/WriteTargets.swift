internal import Synchronization

/// The memtables that writers add to, one for each column family. Replaced whole when one of them is sealed.
final class WriteTargets: Sendable {
  struct Target: Sendable {
    let memtable: Memtable
    /// Bytes at which it is full.
    let limit: Int
  }

  /// By family id; that of `default` first.
  let targets: [Target]
  private let places: [UInt32: Int]
  /// Whether one of them is full.
  let isFull = Atomic(false)

  init(_ targets: [(family: UInt32, target: Target)]) {
    self.targets = targets.map(\.target)
    places = Dictionary(uniqueKeysWithValues: targets.enumerated().map { ($1.family, $0) })
  }

  @inline(__always)
  func place(of family: UInt32) -> Int? { family == 0 ? 0 : places[family] }
}
