/// One step of a history that engines take over from each other; written as a line for the engines that run elsewhere
/// (`Tests/Oracle`).
public enum PeerOperation: Sendable {
  case put([UInt8], [UInt8])
  case delete([UInt8])
  case singleDelete([UInt8])
  case merge([UInt8], [UInt8])
  case deleteRange([UInt8], [UInt8])
  case flush
  case compact
  /// What follows goes to this family, which is made if missing.
  case family(String)
  case drop(String)
  /// What is between them is one batch.
  case begin
  case commit

  public var line: String {
    switch self {
    case .put(let key, let value): "put \(hex(key)) \(hex(value))"
    case .delete(let key): "del \(hex(key))"
    case .singleDelete(let key): "sdel \(hex(key))"
    case .merge(let key, let operand): "merge \(hex(key)) \(hex(operand))"
    case .deleteRange(let begin, let end): "range \(hex(begin)) \(hex(end))"
    case .flush: "flush"
    case .compact: "compact"
    case .family(let name): "cf \(name)"
    case .drop(let name): "drop \(name)"
    case .begin: "begin"
    case .commit: "commit"
    }
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.isEmpty ? "-" : bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
