/// Reads numbers with units. Everything is checked: a number of any length ends in a `ValueError`, never in a trap.
/// Numbers are ASCII decimal; a fraction is exact to nine digits and the result is rounded down to a whole unit.
enum QuantityParser {
  static func integer<T: FixedWidthInteger>(_ text: String, in range: ClosedRange<T>) throws(ValueError) -> T {
    let bytes = Array(text.utf8)
    let start = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? 1 : 0
    guard bytes.count > start else { throw ValueError("is not a whole number") }
    if let wrong = bytes[start...].firstIndex(where: { !isDigit($0) }) {
      throw ValueError("is not a whole number", at: wrong)
    }
    guard let value = T(text), range.contains(value) else {
      if range.upperBound == T.max, range.lowerBound > T.min {
        throw ValueError("is less than \(range.lowerBound) or too large")
      }
      throw ValueError("is not between \(range.lowerBound) and \(range.upperBound)")
    }
    return value
  }

  /// coreutils' units: a bare letter and `KiB` are powers of 1024, `KB` of 1000; case of the letters does not matter.
  static func size(_ text: String) throws(ValueError) -> Int {
    let bytes = Array(text.utf8)
    var position = 0
    let number = try decimal(bytes, &position)
    let unit = try sizeUnit(bytes[position...])
    guard let size = number.scaled(by: unit), let value = Int(exactly: size) else { throw ValueError("is too large") }
    return value
  }

  private static func sizeUnit(_ suffix: ArraySlice<UInt8>) throws(ValueError) -> UInt64 {
    let unknown = ValueError("has an unknown unit; use B, KiB, MiB, GiB or TiB", at: suffix.startIndex)
    let letters = suffix.map { $0 | 0x20 }
    guard let first = letters.first, letters != [UInt8(ascii: "b")] else { return 1 }
    guard let power = Array("kmgtpe".utf8).firstIndex(of: first) else { throw unknown }
    switch letters.dropFirst() {
    case [], [UInt8(ascii: "i")], [UInt8(ascii: "i"), UInt8(ascii: "b")]: return 1 << (10 * UInt64(power + 1))
    case [UInt8(ascii: "b")]: return (0...power).reduce(1) { product, _ in product * 1000 }
    default: throw unknown
    }
  }

  static func duration(_ text: String) throws(ValueError) -> Duration {
    let bytes = Array(text.utf8)
    if bytes == [UInt8(ascii: "0")] { return .zero }
    var position = 0
    var nanoseconds: UInt64 = 0
    repeat {
      let number = try decimal(bytes, &position)
      let start = position
      while position < bytes.count, !isDigit(bytes[position]) { position += 1 }
      guard let unit = durationUnit(bytes[start..<position]) else {
        throw ValueError(
          start == position ? "needs a unit: ms, s, m, h or d" : "has an unknown unit; use ms, s, m, h or d",
          at: start)
      }
      guard let part = number.scaled(by: unit) else { throw ValueError("is too long") }
      let (sum, overflow) = nanoseconds.addingReportingOverflow(part)
      guard !overflow, sum <= UInt64(Int64.max) else { throw ValueError("is too long") }
      nanoseconds = sum
    } while position < bytes.count
    return .nanoseconds(Int64(nanoseconds))
  }

  /// In nanoseconds.
  private static func durationUnit(_ suffix: ArraySlice<UInt8>) -> UInt64? {
    switch String(decoding: suffix, as: UTF8.self) {
    case "ns": 1
    case "us": 1_000
    case "ms": 1_000_000
    case "s": 1_000_000_000
    case "m", "min": 60_000_000_000
    case "h": 3_600_000_000_000
    case "d": 86_400_000_000_000
    default: nil
    }
  }

  /// `whole` and billionths.
  private struct Decimal {
    var whole: UInt64
    var billionths: UInt64

    func scaled(by unit: UInt64) -> UInt64? {
      let (product, tooLarge) = whole.multipliedReportingOverflow(by: unit)
      // billionths < 10^9, so the quotient is less than `unit` and fits.
      let fraction = (1_000_000_000 as UInt64).dividingFullWidth(billionths.multipliedFullWidth(by: unit)).quotient
      let (sum, overflow) = product.addingReportingOverflow(fraction)
      return tooLarge || overflow ? nil : sum
    }
  }

  private static func decimal(_ bytes: [UInt8], _ position: inout Int) throws(ValueError) -> Decimal {
    var number = Decimal(whole: 0, billionths: 0)
    let start = position
    while position < bytes.count, isDigit(bytes[position]) {
      let (product, overflow) = number.whole.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[position] - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw ValueError("is too large", at: position) }
      number.whole = sum
      position += 1
    }
    guard position > start else { throw ValueError("needs a number first", at: position) }
    guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { return number }
    position += 1
    var weight: UInt64 = 100_000_000
    let fractionStart = position
    while position < bytes.count, isDigit(bytes[position]) {
      number.billionths += weight * UInt64(bytes[position] - UInt8(ascii: "0"))
      weight /= 10
      position += 1
    }
    guard position > fractionStart else { throw ValueError("needs a digit after the point", at: position) }
    return number
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
