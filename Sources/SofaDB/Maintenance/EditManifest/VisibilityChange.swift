/// What readers of a column family see otherwise after a change of the state: so many keys of one kind of effect.
public struct VisibilityChange: Sendable, Equatable {
  public enum Effect: String, Sendable, CaseIterable {
    /// Keys that are not found any more.
    case vanish
    /// Keys that were not found before: never there, or deleted by an entry that is gone now.
    case appear
    /// Keys that show a version from before the one that was seen.
    case older
    /// Keys that show a later version.
    case newer
    /// Keys whose version is the same and its content is not: merges that lose or gain operands, or two tables with
    /// one sequence number.
    case other
    /// It was not looked into; the number is how many entries there are at most.
    case unknown
  }

  public var family: String
  public var effect: Effect
  public var entries: UInt64
  /// User keys of the first and the last of them, when known.
  public var from: [UInt8]?
  public var to: [UInt8]?
  /// Why it is not known.
  public var reason: String?

  /// For people; the key range only with `showKeys`.
  public func line(showKeys: Bool) -> String {
    let name = EscapedText.printable(family)
    let keys = entries == 1 ? "1 key" : "\(entries) keys"
    let words: String =
      switch effect {
      case .vanish: "\(keys) vanish\(entries == 1 ? "es" : "")"
      case .appear: "\(keys) appear\(entries == 1 ? "s" : "")"
      case .older: "\(keys) show\(entries == 1 ? "s" : "") an older version"
      case .newer: "\(keys) show\(entries == 1 ? "s" : "") a newer version"
      case .other: "\(keys) show\(entries == 1 ? "s" : "") another value of the same version"
      case .unknown: "up to \(entries) entries are concerned; not compared: \(reason ?? "")"
      }
    guard showKeys, let from, let to else { return "\(name): \(words)" }
    let range =
      from == to ? TextFormat.escaped.text(from) : "\(TextFormat.escaped.text(from)) .. \(TextFormat.escaped.text(to))"
    return "\(name): \(words): \(range)"
  }

  /// `{"record":"visibility","cf":...,"effect":...,"entries":...,"exact":...}` and a newline.
  public func encode(into json: inout JSONWriter, showKeys: Bool) {
    json.beginObject()
    json.field("record", "visibility")
    json.field("schema", 1)
    json.field("cf", EscapedText.printable(family))
    json.field("effect", effect.rawValue)
    json.field("entries", entries)
    json.field("exact", effect != .unknown)
    if showKeys, let from { json.field("from", from, as: .escaped) }
    if showKeys, let to { json.field("to", to, as: .escaped) }
    if let reason { json.field("reason", EscapedText.printable(reason)) }
    json.endObject()
    json.newline()
  }
}
