/// Operands of one key and one stripe on their way to become one entry, newest first.
struct MergeOperands {
  /// Operands are combined at the latest when they have so many bytes.
  static let sizeLimit = 64 << 20

  struct Operand {
    var sequence: SequenceNumber
    var bytes: [UInt8]
  }

  private let mergeOperator: MergeOperator?
  private var operands: [Operand] = []
  private(set) var size = 0
  private(set) var stripe = 0

  init(_ mergeOperator: MergeOperator?) { self.mergeOperator = mergeOperator }

  @inline(__always) var isEmpty: Bool { operands.isEmpty }
  /// Of the newest operand; 0 when there is none.
  var sequence: SequenceNumber { operands.first?.sequence ?? 0 }

  mutating func add(_ operand: UnsafeRawBufferPointer, sequence: SequenceNumber, stripe: Int) {
    if operands.isEmpty { self.stripe = stripe }
    operands.append(Operand(sequence: sequence, bytes: [UInt8](operand)))
    size += operand.count
  }

  /// The value that the operands and an optional base of the user key `key` give; nothing is collected afterwards. nil,
  /// and all stays, where the operator refuses: whoever reads the key is told.
  mutating func takeValue(_ key: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?) -> [UInt8]? {
    let value = combined(key, base: base)
    if value != nil { removeAll() }
    return value
  }

  /// Operands that do what all of them do: one where the operator can combine them, else as they came.
  mutating func takeOperands(_ key: UnsafeRawBufferPointer) -> [Operand] {
    defer { removeAll() }
    guard operands.count > 1, mergeOperator?.combinesOperands ?? false, let one = combined(key, base: nil) else {
      return operands
    }
    return [Operand(sequence: sequence, bytes: one)]
  }

  private func combined(_ key: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?) -> [UInt8]? {
    do throws(DatabaseError) {
      return try mergeOperator?.apply(key: key, base: base, operands: operands.reversed().map(\.bytes))
    } catch {
      return nil
    }
  }

  private mutating func removeAll() {
    operands.removeAll(keepingCapacity: true)
    size = 0
  }
}
