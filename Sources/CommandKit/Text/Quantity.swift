/// Numbers as people read them. Written without C format strings, which would pull Foundation into the binary; one
/// digit after the point, rounded half up; no locale, so that scripts see the same text everywhere.
public enum Quantity {
  private static let sizeUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// `0 B`, `999 B`, `1.5 KiB`, `64.0 MiB`.
  public static func bytes(_ count: Int) -> String { bytes(UInt64(max(0, count))) }

  public static func bytes(_ count: UInt64) -> String {
    guard count >= 1024 else { return "\(count) B" }
    var value = Double(count)
    var unit = 0
    // The bound is what rounding to one digit would print as 1024.0.
    while value >= 1023.95, unit < sizeUnits.count - 1 {
      value /= 1024
      unit += 1
    }
    return decimal(value, digits: 1) + " " + sizeUnits[unit]
  }

  /// Bytes a second: `310.2 MiB/s`.
  public static func rate(bytes count: Int, seconds: Double) -> String {
    guard seconds > 0 else { return "-" }
    return bytes(clamp(Double(max(0, count)) / seconds)) + "/s"
  }

  /// Things a second: `1.2 M/s`.
  public static func rate(count: Int, seconds: Double) -> String {
    guard seconds > 0 else { return "-" }
    return short(clamp(Double(max(0, count)) / seconds)) + "/s"
  }

  /// `999`, `12.3 k`, `4.5 M`: powers of 1000.
  public static func short(_ count: UInt64) -> String {
    guard count >= 10_000 else { return String(count) }
    let units = ["", " k", " M", " G", " T", " P", " E"]
    var value = Double(count)
    var unit = 0
    while value >= 999.95, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return decimal(value, digits: 1) + units[unit]
  }

  /// `12,345,678`.
  public static func grouped(_ count: some BinaryInteger) -> String {
    let digits = Array(String(count.magnitude))
    var result = count < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return result
  }

  /// `42.0%`; a part that is not the whole never reads 100.0%, and one that is not nothing never 0.0%.
  public static func percent(_ part: Double, of whole: Double) -> String {
    guard whole > 0, part.isFinite else { return "-" }
    var tenths = (part / whole * 1000).rounded()
    if part < whole { tenths = min(tenths, 999) }
    if part > 0 { tenths = max(tenths, 1) }
    return decimal(tenths / 10, digits: 1) + "%"
  }

  /// `0.4 s`, `59.9 s`, `12 min 05 s`, `3 h 07 min`, `2 d 04 h`.
  public static func seconds(_ value: Double) -> String {
    guard value.isFinite, value >= 0 else { return "-" }
    if value < 59.95 { return decimal(value, digits: 1) + " s" }
    let whole = clamp(value.rounded())
    if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
    if whole < 86400 { return "\(whole / 3600) h \(two(whole % 3600 / 60)) min" }
    return "\(whole / 86400) d \(two(whole % 86400 / 3600)) h"
  }

  public static func duration(_ value: Duration) -> String {
    let parts = value.components
    return seconds(Double(parts.seconds) + Double(parts.attoseconds) / 1e18)
  }

  /// A fixed number of digits after the point, 0...9. Not finite: `-`.
  public static func decimal(_ value: Double, digits: Int) -> String {
    precondition((0...9).contains(digits))
    guard value.isFinite else { return "-" }
    let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    let scaled = clamp((abs(value) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let unit = UInt64(scale)
    guard digits > 0 else { return sign + String(scaled) }
    let fraction = String(scaled % unit)
    return sign + String(scaled / unit) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// The shortest spelling that the command line reads back as the same number: `64MiB`, `4096`, `1536KiB`.
  public static func exactSize(_ count: Int) -> String {
    guard count >= 1024 else { return String(count) }
    var value = count
    var unit = 0
    while value % 1024 == 0, unit < sizeUnits.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? String(value) : String(value) + sizeUnits[unit]
  }

  /// The shortest spelling that the command line reads back: `90s`, `20m`, `2h`, `1500ms`.
  public static func exactDuration(_ value: Duration) -> String {
    let parts = value.components
    if parts.attoseconds != 0 { return "\(parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000)ms" }
    let seconds = parts.seconds
    if seconds > 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
    if seconds > 0, seconds % 60 == 0 { return "\(seconds / 60)m" }
    return "\(seconds)s"
  }

  private static func two(_ value: UInt64) -> String { value < 10 ? "0\(value)" : String(value) }

  private static func clamp(_ value: Double) -> UInt64 {
    value >= 1.8e19 ? 18_000_000_000_000_000_000 : UInt64(max(0, value))
  }
}
