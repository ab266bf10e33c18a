/// What a database has to hold after a history of operations, as simple as it can be: a dictionary a family.
public import SofaDB

public struct PeerModel: Sendable {
  public struct Family: Sendable {
    public var order: KeyOrder
    public var mergeOperator: MergeOperator?
    public internal(set) var contents: [[UInt8]: [UInt8]] = [:]

    public init(order: KeyOrder, mergeOperator: MergeOperator? = nil) {
      self.order = order
      self.mergeOperator = mergeOperator
    }

    /// In the order of the family.
    public var sorted: [(key: [UInt8], value: [UInt8])] {
      contents.sorted { order.compare($0.key, $1.key) < 0 }.map { ($0.key, $0.value) }
    }
  }

  /// What is fixed about the families that there may be, by name.
  private let kinds: [String: Family]
  public private(set) var families: [String: Family]
  /// The family that operations go to.
  public private(set) var current = "default"

  /// `kinds` has all families that a history may name, without contents.
  public init(_ kinds: [String: Family]) {
    self.kinds = kinds
    families = kinds.filter { $0.key == "default" }
  }

  /// With nothing in it.
  public var emptied: PeerModel { PeerModel(kinds) }

  /// An engine begins anew: operations go to `default`.
  public mutating func reopen() { current = "default" }

  public var family: Family { families[current] ?? kind(of: current) }

  /// What is fixed about a family.
  public func kind(of name: String) -> Family {
    guard let kind = kinds[name] else { preconditionFailure("no family is named \(name)") }
    return kind
  }

  private static func merged(
    _ base: [UInt8]?, _ operand: [UInt8], of key: [UInt8], by merging: MergeOperator
  ) -> [UInt8]? {
    let (key, base) = (ByteBuffer(key), base.map { ByteBuffer($0) })
    defer { withExtendedLifetime((key, base)) {} }
    do throws(DatabaseError) {
      return try merging.apply(key: key.bytes, base: base?.bytes, operands: [operand])
    } catch {
      preconditionFailure("a known operator refused: \(error)")
    }
  }

  public mutating func apply(_ operation: PeerOperation) {
    switch operation {
    case .put(let key, let value): families[current]?.contents[key] = value
    case .delete(let key), .singleDelete(let key): families[current]?.contents[key] = nil
    case .merge(let key, let operand):
      guard let merging = family.mergeOperator else { return }
      let merged = PeerModel.merged(family.contents[key], operand, of: key, by: merging)
      families[current]?.contents[key] = merged
    case .deleteRange(let begin, let end):
      let family = family
      families[current]?.contents = family.contents.filter {
        family.order.compare($0.key, begin) < 0 || family.order.compare($0.key, end) >= 0
      }
    case .family(let name):
      families[name] = families[name] ?? kinds[name]
      current = name
    case .drop(let name):
      families[name] = nil
      if current == name { current = "default" }
    case .flush, .compact, .begin, .commit: break
    }
  }

  /// "ENTRIES DIGEST" by family, as the engines elsewhere print it.
  public var digests: [String: String] { families.mapValues { PeerModel.digest($0.sorted) } }

  public static func digest(_ pairs: [(key: [UInt8], value: [UInt8])]) -> String {
    var hash = SHA256()
    for (key, value) in pairs {
      for bytes in [key, value] {
        withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { hash.update($0) }
        bytes.withUnsafeBytes { hash.update($0) }
      }
    }
    let hex = hash.digest().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return "\(pairs.count) \(hex)"
  }
}
