/// Which bytes may go to a terminal or a spreadsheet as they are.
///
/// Printable: valid UTF-8 that neither steers a terminal nor reorders or hides what is beside it. Not printable:
/// control characters (C0, DEL, C1), format characters (bidirectional marks, zero-width, tags), line and paragraph
/// separators, noncharacters. The table is fixed, so that the same bytes print the same way with every toolchain.
public enum PrintableScalar {
  /// Ranges that are not printable, ascending; source: Unicode 16 general categories Cc, Cf, Zl, Zp, the variation
  /// selectors and the noncharacters, widened to whole blocks where nothing else lives.
  private static let hidden: [ClosedRange<UInt32>] = [
    0x00...0x1F, 0x7F...0x9F, 0xAD...0xAD, 0x600...0x605, 0x61C...0x61C, 0x6DD...0x6DD, 0x70F...0x70F,
    0x890...0x891, 0x8E2...0x8E2, 0x180B...0x180F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F,
    0xD800...0xDFFF, 0xFDD0...0xFDEF, 0xFE00...0xFE0F, 0xFEFF...0xFEFF, 0xFFF0...0xFFFB, 0xFFFE...0xFFFF,
    0x110BD...0x110BD, 0x110CD...0x110CD, 0x13430...0x1343F, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A,
    0xE0000...0xE0FFF,
  ]

  public static func isPrintable(_ scalar: UInt32) -> Bool {
    if scalar &- 0x2070 < 0xD800 - 0x2070 { return true }
    if scalar & 0xFFFE == 0xFFFE || scalar > 0x10FFFF { return false }
    for range in hidden where scalar <= range.upperBound { return scalar < range.lowerBound }
    return true
  }

  /// The scalar that `bytes` holds at `position` as well-formed UTF-8 (shortest form, no surrogates) and its length;
  /// nil when they do not.
  @inline(__always)
  public static func scalar(_ bytes: UnsafeRawBufferPointer, at position: Int) -> (value: UInt32, length: Int)? {
    let first = UInt32(bytes[position])
    if first < 0x80 { return (first, 1) }
    let length = first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : 2)
    guard first >= 0xC2, first <= 0xF4, length <= bytes.count - position else { return nil }
    var value = first & (0x7F >> UInt32(length))
    for index in 1..<length {
      let next = UInt32(bytes[position + index])
      guard next & 0xC0 == 0x80 else { return nil }
      value = value << 6 | (next & 0x3F)
    }
    let isShortest = value >= (length == 4 ? 0x10000 : (length == 3 ? 0x800 : 0x80))
    guard isShortest, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
    return (value, length)
  }

  /// Whether all eight bytes of `word` are ASCII from space to tilde, backslash apart.
  @inline(__always)
  static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let high: UInt64 = 0x8080_8080_8080_8080
    let backslashes = word ^ (ones &* 0x5C)
    let controls = word &- ones &* 0x20
    let deletes = word &+ ones
    // A borrow or carry between bytes starts only at a byte that is itself out of range, so no plain word is missed
    // and no other passes.
    return (word | controls | deletes | (backslashes &- ones)) & high == 0
  }
}
