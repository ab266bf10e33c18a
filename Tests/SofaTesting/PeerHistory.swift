/// Random operations on a database, of which each depends on what it holds by then.
internal import SofaDB

public struct PeerHistory: Sendable {
  private var random: SeededRandom
  /// Families besides `default` that may be made and dropped.
  private let names: [String]
  /// Of a key that is put once and deleted by itself; ranges never reach it.
  private static let single: UInt8 = 0xFF

  public init(seed: UInt64, names: [String]) {
    random = SeededRandom(seed: seed)
    self.names = names
  }

  /// Applies `count` operations to `model`; they are to be carried out one after the other.
  public mutating func next(_ count: Int, _ model: inout PeerModel) -> [PeerOperation] {
    model.reopen()
    var operations: [PeerOperation] = []
    var batched = 0
    func add(_ operation: PeerOperation) {
      operations.append(operation)
      model.apply(operation)
    }
    for _ in 0..<count {
      if batched > 0 {
        batched -= 1
        if random.below(4) == 0 { add(.family(existing(model))) }
        add(write(model))
        if batched == 0 { add(.commit) }
        continue
      }
      switch random.below(1000) {
      case 0..<30:
        batched = 1 + random.below(10)
        add(.begin)
      case 30..<90: add(.family(existing(model)))
      case 90..<100:
        guard let name = names.randomElement(using: &random) else { continue }
        add(model.families[name] == nil || random.below(3) > 0 ? .family(name) : .drop(name))
      case 100..<110: add(.flush)
      case 110..<113: add(.compact)
      default: add(write(model))
      }
    }
    if batched > 0 { add(.commit) }
    return operations
  }

  private mutating func existing(_ model: PeerModel) -> String {
    let existing = ["default"] + names.filter { model.families[$0] != nil }
    return existing[random.below(existing.count)]
  }

  private mutating func write(_ model: PeerModel) -> PeerOperation {
    let family = model.family
    let isCounter = family.mergeOperator == .uint64Add
    switch random.below(100) {
    case 0..<55: return .put(key(), isCounter ? counter() : value())
    case 55..<70: return .delete(key())
    case 70..<75:
      let key = [PeerHistory.single, UInt8(random.below(20))]
      return family.contents[key] == nil ? .put(key, isCounter ? counter() : value()) : .singleDelete(key)
    case 75..<81:
      var (begin, end) = (key(), key())
      if family.order.compare(begin, end) > 0 { swap(&begin, &end) }
      return begin == end ? .delete(begin) : .deleteRange(begin, end)
    default:
      if family.mergeOperator == nil { return .put(key(), value()) }
      return .merge(key(), isCounter ? counter() : [UInt8](repeating: 0x61 + UInt8(random.below(26)), count: 2))
    }
  }

  private mutating func key() -> [UInt8] {
    let first = [0x00, 0x61, 0x62, 0x7F, 0x80, 0xFE][random.below(6)]
    return [UInt8(first)] + (0..<random.below(3)).map { _ in [0x00, 0x61, 0x62, 0x7F, 0x80, 0xFF][random.below(6)] }
  }

  private mutating func value() -> [UInt8] {
    let length = random.below(40) == 0 ? 3000 : random.below(80)
    return (0..<length).map { _ in UInt8(random.below(8)) }
  }

  /// What is not eight bytes long counts as 0.
  private mutating func counter() -> [UInt8] {
    random.below(20) == 0 ? [1, 2, 3] : (0..<8).map { _ in UInt8(random.below(256)) }
  }
}
