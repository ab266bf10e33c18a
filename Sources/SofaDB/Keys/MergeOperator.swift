/// The merge operators whose meaning is public and whose names databases record. Any other name is `unknown`: its
/// operands are shown, never combined, unless the program brings an operator of its own under the name.
///
/// Source: RocksDB's `utilities/merge_operators`; the string append delimiter is not stored in tables, only in OPTIONS.
public enum MergeOperator: Sendable, Hashable {
  /// Joins with the delimiter; none before the first operand when there is no base value.
  case stringAppend(delimiter: [UInt8])
  /// Little-endian 64-bit sum, wrapping; what is not 8 bytes long counts as 0.
  case uint64Add
  /// The largest in byte order.
  case max
  /// The newest operand.
  case put
  /// One that the program brings.
  case custom(CustomMerge)
  /// Another one, by the name that was recorded.
  case unknown(name: String)

  /// `name` as tables and OPTIONS record it; nil where they say that there is none. Without a `delimiter` string
  /// appending joins with a comma, RocksDB's default.
  public init?(name: String, delimiter: [UInt8]? = nil) {
    switch name {
    case "", "nullptr": return nil
    case "StringAppendOperator", "StringAppendTESTOperator", "stringappend", "stringappendtest":
      self = .stringAppend(delimiter: delimiter ?? [UInt8(ascii: ",")])
    case "UInt64AddOperator", "uint64add": self = .uint64Add
    case "MaxOperator", "max": self = .max
    case "PutOperator", "put", "put_v1": self = .put
    default: self = .unknown(name: name)
    }
  }

  /// As tables record it.
  public var name: String {
    switch self {
    case .stringAppend: "StringAppendOperator"
    case .uint64Add: "UInt64AddOperator"
    case .max: "MaxOperator"
    case .put: "PutOperator"
    case .custom(let merge): merge.name
    case .unknown(let name): name
    }
  }

  /// Whether operands without a base can be combined to one operand that does what all of them do.
  public var combinesOperands: Bool {
    switch self {
    case .unknown: false
    case .custom(let merge): merge.combinesOperands
    default: true
    }
  }

  /// Combines `operands`, oldest first, onto the `base` of the user key `key` (without timestamp); nil when the meaning
  /// is unknown. Throws `corruption` when a custom operator refuses.
  public func apply(
    key: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, operands: [[UInt8]]
  ) throws(DatabaseError) -> [UInt8]? {
    switch self {
    case .unknown: return nil
    case .custom(let merge):
      guard let result = merge.combine([UInt8](key), base.map { [UInt8]($0) }, operands) else {
        throw DatabaseError(
          .corruption, "the merge operator \(EscapedText.printable(merge.name)) refused a key's operands")
      }
      return result
    case .put: return operands.last
    case .stringAppend(let delimiter):
      var result = base.map { [UInt8]($0) }
      for operand in operands {
        if result == nil { result = operand } else { result! += delimiter + operand }
      }
      return result ?? []
    case .uint64Add:
      var sum = base.map(MergeOperator.counter) ?? 0
      for operand in operands { sum &+= operand.withUnsafeBytes(MergeOperator.counter) }
      return withUnsafeBytes(of: sum.littleEndian) { [UInt8]($0) }
    case .max:
      var largest = base.map { [UInt8]($0) } ?? []
      for operand in operands where KeyOrder.bytewise.compare(largest, operand) < 0 { largest = operand }
      return largest
    }
  }

  private static func counter(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    bytes.count == 8 ? UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) : 0
  }
}
