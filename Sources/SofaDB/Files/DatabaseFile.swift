/// What a name in a database directory stands for. Names are parsed to a kind and a number and rendered again, so that
/// no path is ever built from bytes that came out of a file.
///
///     CURRENT   LOCK   IDENTITY   LOG   LOG.old   LOG.old.1700000000000000   archive   lost
///     MANIFEST-000005   000012.log   000012.sst   000012.ldb   000012.blob   OPTIONS-000007
///     000012.dbtmp   OPTIONS-000007.dbtmp
///
/// A number is one or more ASCII digits, at most 2^63, written with at least six. The tables, logs, blobs, MANIFEST
/// and OPTIONS files of a database draw from one counter. Everything else is `other`, which both engines ignore.
public enum DatabaseFile: Hashable, Sendable {
  public enum TableSuffix: String, Hashable, Sendable { case sst, ldb }

  case current, lock, identity, archive, lost
  /// An engine's log for people, with its name.
  case infoLog(String)
  case manifest(UInt64)
  /// Write-ahead log.
  case log(UInt64)
  case table(UInt64, TableSuffix = .sst)
  case blob(UInt64)
  case options(UInt64)
  /// Left by a crash; not read by any engine.
  case temporary(UInt64)
  case temporaryOptions(UInt64)
  case other(String)

  /// The largest number that a name may hold.
  public static let largestNumber: UInt64 = 1 << 63

  public init(name: String) {
    // Strings are compared by canonical equivalence, and a Kelvin sign is equivalent to a K: only ASCII may match.
    guard name.utf8.allSatisfy({ $0 < 0x80 }) else {
      self = .other(name)
      return
    }
    switch name {
    case "CURRENT": self = .current
    case "LOCK": self = .lock
    case "IDENTITY": self = .identity
    case "archive": self = .archive
    case "lost": self = .lost
    case "LOG", "LOG.old": self = .infoLog(name)
    default:
      self = DatabaseFile.prefixed(name) ?? DatabaseFile.suffixed(name) ?? .other(name)
    }
  }

  /// The name that both engines would give it.
  public var name: String {
    switch self {
    case .current: "CURRENT"
    case .lock: "LOCK"
    case .identity: "IDENTITY"
    case .archive: "archive"
    case .lost: "lost"
    case .infoLog(let name), .other(let name): name
    case .manifest(let number): "MANIFEST-" + DatabaseFile.digits(number)
    case .log(let number): DatabaseFile.digits(number) + ".log"
    case .table(let number, let suffix): DatabaseFile.digits(number) + "." + suffix.rawValue
    case .blob(let number): DatabaseFile.digits(number) + ".blob"
    case .options(let number): "OPTIONS-" + DatabaseFile.digits(number)
    case .temporary(let number): DatabaseFile.digits(number) + ".dbtmp"
    case .temporaryOptions(let number): "OPTIONS-" + DatabaseFile.digits(number) + ".dbtmp"
    }
  }

  /// The file number in the name, of the kinds that have one.
  public var number: UInt64? {
    switch self {
    case .manifest(let number), .log(let number), .table(let number, _), .blob(let number), .options(let number),
      .temporary(let number), .temporaryOptions(let number):
      number
    default: nil
    }
  }

  private static func prefixed(_ name: String) -> DatabaseFile? {
    if let rest = name.dropping(prefix: "MANIFEST-") { return number(rest).map { .manifest($0) } }
    if let rest = name.dropping(prefix: "LOG.old.") { return number(rest).map { _ in .infoLog(name) } }
    guard let rest = name.dropping(prefix: "OPTIONS-") else { return nil }
    if let middle = rest.dropping(suffix: ".dbtmp") { return number(middle).map { .temporaryOptions($0) } }
    return number(rest).map { .options($0) }
  }

  private static func suffixed(_ name: String) -> DatabaseFile? {
    guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")), let number = number(name[..<dot]) else { return nil }
    switch name[dot...] {
    case ".log": return .log(number)
    case ".sst": return .table(number, .sst)
    case ".ldb": return .table(number, .ldb)
    case ".blob": return .blob(number)
    case ".dbtmp": return .temporary(number)
    default: return nil
    }
  }

  /// nil unless `text` is ASCII digits only and small enough.
  private static func number(_ text: Substring) -> UInt64? {
    guard !text.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in text.utf8 {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !overflow, !carry, sum <= largestNumber else { return nil }
      value = sum
    }
    return value
  }

  private static func digits(_ number: UInt64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
  }
}

extension String {
  fileprivate func dropping(prefix: String) -> Substring? {
    utf8.starts(with: prefix.utf8) ? self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...] : nil
  }
}

extension Substring {
  fileprivate func dropping(suffix: String) -> Substring? {
    guard utf8.count >= suffix.utf8.count else { return nil }
    let middle = utf8.index(endIndex, offsetBy: -suffix.utf8.count)
    return utf8[middle...].elementsEqual(suffix.utf8) ? self[..<middle] : nil
  }
}
