import SofaDB

/// Which colour class a table has in each of the map's three modes, and what the classes mean.
struct InfoPalette {
  /// In the order of their classes `c0`, `c1`, ...; the last class takes what comes after.
  let codecs: [String]
  private let times: ClosedRange<UInt64>?

  static let codecColours = [
    "#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#76b7b2", "#edc948", "#9c755f", "#ff9da7", "#bab0ac",
  ]
  /// From old to new.
  static let ageColours = ["#08306b", "#2171b5", "#6baed6", "#a1d99b", "#fed976", "#fd8d3c"]
  static let findingColours = ["#a8c8a0", "#6baed6", "#f0a030", "#d03030"]
  static let unknownColour = "#d0d0d0"

  init(_ tables: some Sequence<InspectedTable>) {
    var bytes: [String: UInt64] = [:]
    var first: UInt64?
    var last: UInt64?
    for table in tables {
      if let codec = table.codec { bytes[codec, default: 0] &+= table.size }
      guard let time = InfoPalette.time(table) else { continue }
      first = min(first ?? time, time)
      last = max(last ?? time, time)
    }
    codecs = bytes.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.map(\.key)
    if let first, let last { times = first...last } else { times = nil }
  }

  private static func time(_ table: InspectedTable) -> UInt64? { table.created ?? table.modified }

  func classes(_ table: InspectedTable) -> String {
    let codec = table.codec.flatMap { codecs.firstIndex(of: $0) }
    let codecClass = codec.map { "c\(min($0, InfoPalette.codecColours.count - 1))" } ?? "cx"
    let finding =
      switch table.worst {
      case nil: 0
      case .info: 1
      case .warning: 2
      case .error: 3
      }
    return "\(codecClass) \(ageClass(table)) f\(finding)"
  }

  private func ageClass(_ table: InspectedTable) -> String {
    guard let times, let time = InfoPalette.time(table) else { return "ax" }
    let span = times.upperBound - times.lowerBound
    guard span > 0 else { return "a0" }
    let count = InfoPalette.ageColours.count
    return "a\(min(count - 1, Int(Double(time - times.lowerBound) / Double(span) * Double(count))))"
  }

  /// Class and meaning, by the mode that shows them.
  var legends: [(mode: String, entries: [(style: String, text: String)])] {
    var codecEntries = codecs.prefix(InfoPalette.codecColours.count).enumerated().map { index, name in
      (style: "c\(index)", text: EscapedText.printable(name))
    }
    codecEntries.append((style: "cx", text: "not known"))
    return [
      ("codec", codecEntries), ("age", ageEntries),
      ("finding", [("f0", "nothing found"), ("f1", "info"), ("f2", "warning"), ("f3", "error")]),
    ]
  }

  private var ageEntries: [(style: String, text: String)] {
    guard let times else { return [("ax", "not known")] }
    guard times.lowerBound < times.upperBound else { return [("a0", UTCTime.text(times.lowerBound))] }
    let count = InfoPalette.ageColours.count
    let step = Double(times.upperBound - times.lowerBound) / Double(count)
    let entries = (0..<count).map { index in
      let start = times.lowerBound &+ UInt64(step * Double(index))
      return (style: "a\(index)", text: "from \(UTCTime.text(min(start, times.upperBound)))")
    }
    return entries + [("ax", "not known")]
  }
}
