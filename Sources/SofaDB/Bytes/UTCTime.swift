/// Seconds since 1970 as RFC 3339 in UTC: `2024-02-29T12:00:00Z`. No locale, no time zone, no library.
public enum UTCTime {
  /// `seconds` since 1970-01-01T00:00:00Z.
  public static func text(_ seconds: UInt64) -> String {
    // Beyond the year 9999 the format has no place.
    guard seconds < 253_402_300_800 else { return "\(seconds) s since 1970" }
    let (year, month, day) = date(daysSince1970: Int(seconds / 86_400))
    let second = Int(seconds % 86_400)
    let clock = "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))"
    return "\(year)-\(two(month))-\(two(day))T\(clock)Z"
  }

  /// Gregorian date, after Howard Hinnant's `civil_from_days`: eras of 400 years that begin on 1 March.
  private static func date(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
    let days = daysSince1970 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
