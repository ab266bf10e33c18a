/// Times as RFC 3339 writes them: `2024-02-29T23:59:59.123456Z`, or an offset from UTC like `+05:30` in place of Z.
/// A space may stand for the T, and letters may be small. Second 60 is the first of the next minute.
enum Timestamp {
  /// Microseconds since 1970-01-01T00:00:00Z. A time with more digits than that is an error, since two different times
  /// would become one key.
  static func microseconds(_ text: UnsafeRawBufferPointer) throws(FormatError) -> Int64 {
    var reader = Digits(text)
    let year = try reader.number(4)
    try reader.expect(0x2D)
    let month = try reader.number(2, 1...12)
    try reader.expect(0x2D)
    let day = try reader.number(2, 1...daysIn(month: month, year: year))
    try reader.expect(0x54, 0x74, 0x20)
    let hour = try reader.number(2, 0...23)
    try reader.expect(0x3A)
    let minute = try reader.number(2, 0...59)
    try reader.expect(0x3A)
    let second = try reader.number(2, 0...60)
    let fraction = try reader.fraction()
    let offset = try reader.offset()
    let seconds = days(year: year, month: month, day: day) * 86400 + hour * 3600 + (minute - offset) * 60 + second
    return Int64(seconds * 1_000_000 + fraction)
  }

  private static func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 of the Gregorian calendar, for years from 0. Years are counted from March, so that the leap
  /// day is the last of its year.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year + 399 : year + 400
    let dayOfYear = (153 * (month <= 2 ? month + 9 : month - 3) + 2) / 5 + day - 1
    return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - (719_468 + 146_097)
  }

  private struct Digits {
    let text: UnsafeRawBufferPointer
    var position = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    static var failure: FormatError { FormatError("not a time of RFC 3339") }

    var next: UInt8? { position < text.count ? text[position] : nil }

    mutating func number(_ digits: Int, _ range: ClosedRange<Int> = 0...9999) throws(FormatError) -> Int {
      var value = 0
      for _ in 0..<digits {
        guard let digit = next.map({ $0 &- 0x30 }), digit < 10 else { throw Digits.failure }
        value = value * 10 + Int(digit)
        position += 1
      }
      guard range.contains(value) else { throw Digits.failure }
      return value
    }

    mutating func expect(_ byte: UInt8, _ second: UInt8? = nil, _ third: UInt8? = nil) throws(FormatError) {
      guard let found = next, found == byte || found == second || found == third else { throw Digits.failure }
      position += 1
    }

    mutating func fraction() throws(FormatError) -> Int {
      guard next == 0x2E else { return 0 }
      position += 1
      var value = 0
      var digits = 0
      while let digit = next.map({ $0 &- 0x30 }), digit < 10 {
        position += 1
        digits += 1
        if digits <= 6 {
          value = value * 10 + Int(digit)
        } else if digit != 0 {
          throw FormatError("a time that is more precise than a microsecond")
        }
      }
      guard digits > 0 else { throw Digits.failure }
      for _ in stride(from: digits, to: 6, by: 1) { value *= 10 }
      return value
    }

    /// Minutes ahead of UTC; nothing may follow.
    mutating func offset() throws(FormatError) -> Int {
      defer { position = text.count }
      if next == 0x5A || next == 0x7A {
        guard position + 1 == text.count else { throw Digits.failure }
        return 0
      }
      guard let sign = next, sign == 0x2B || sign == 0x2D else { throw Digits.failure }
      position += 1
      let hours = try number(2, 0...23)
      try expect(0x3A)
      let minutes = try number(2, 0...59)
      guard position == text.count else { throw Digits.failure }
      return sign == 0x2D ? -(hours * 60 + minutes) : hours * 60 + minutes
    }
  }
}
