/// A merge operator that a program brings: the function behind a name that a database records.
///
/// Operators are the same when their names are. The function is called by readers and by compactions, from any thread
/// and at any time, so it must depend on nothing but what it is given, and must always mean the same: what it has
/// combined once is stored.
public struct CustomMerge: Sendable, Hashable {
  /// Gives the value of a user key (without timestamp) from its base, nil when it has none, and operands, oldest first
  /// and at least one. nil refuses: readers of the key then get an error of kind `corruption`, and compactions keep
  /// what they found.
  public typealias Function = @Sendable (_ key: [UInt8], _ base: [UInt8]?, _ operands: [[UInt8]]) -> [UInt8]?

  /// As tables and OPTIONS record it.
  public let name: String
  /// Whether the function without a base gives an operand that does what all of them do, as sums do. Compactions then
  /// combine operands before they meet their base.
  public let combinesOperands: Bool
  let combine: Function

  public init(name: String, combinesOperands: Bool = false, combine: @escaping Function) {
    self.name = name
    self.combinesOperands = combinesOperands
    self.combine = combine
  }

  public static func == (a: CustomMerge, b: CustomMerge) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
