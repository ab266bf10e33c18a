/// Operands of one key and one stripe on their way to become one entry, newest first.
struct MergeOperands {
  /// Operands are combined at the latest when they have so many bytes.
  static let sizeLimit = 64 << 20

  private let mergeOperator: MergeOperator?
  private var operands: [[UInt8]] = []
  private(set) var size = 0
  /// Of the newest operand.
  private(set) var sequence: SequenceNumber = 0
  private(set) var stripe = 0

  init(_ mergeOperator: MergeOperator?) { self.mergeOperator = mergeOperator }

  @inline(__always) var isEmpty: Bool { operands.isEmpty }

  mutating func add(_ operand: UnsafeRawBufferPointer, sequence: SequenceNumber, stripe: Int) {
    if operands.isEmpty {
      self.sequence = sequence
      self.stripe = stripe
    }
    operands.append([UInt8](operand))
    size += operand.count
  }

  /// The value that the operands and an optional base give. Nothing is collected afterwards.
  mutating func takeValue(base: UnsafeRawBufferPointer?) -> [UInt8] {
    mergeOperator?.apply(base: base, operands: takeOldestFirst()) ?? []
  }

  /// One operand that does what all of them do: every known operator is associative.
  mutating func takeOperand() -> [UInt8] {
    let operands = takeOldestFirst()
    return operands.count == 1 ? operands[0] : mergeOperator?.apply(base: nil, operands: operands) ?? []
  }

  private mutating func takeOldestFirst() -> [[UInt8]] {
    defer {
      operands.removeAll(keepingCapacity: true)
      size = 0
    }
    return operands.reversed()
  }
}
