/// Whole numbers as decimal digits, into and out of raw bytes, without a `String` between.
public enum DecimalText {
  /// "00" to "99", two digits a place: halves the divisions.
  private static let pairs: [UInt16] = (0..<100).map { value in
    UInt16(littleEndian: UInt16(0x30 + value / 10) | UInt16(0x30 + value % 10) << 8)
  }

  /// Appends `value` without leading zeros.
  public static func append(_ value: UInt64, to output: inout ByteWriter) {
    withUnsafeTemporaryAllocation(byteCount: 20, alignment: 8) { scratch in
      var position = 20
      var left = value
      pairs.withUnsafeBufferPointer { pairs in
        while left >= 10 {
          let (quotient, remainder) = left.quotientAndRemainder(dividingBy: 100)
          position -= 2
          scratch.storeBytes(of: pairs[Int(remainder)], toByteOffset: position, as: UInt16.self)
          left = quotient
        }
      }
      // A pair for 10...99 leaves 0 behind, and only the number 0 itself needs that digit.
      if left > 0 || value == 0 {
        position -= 1
        scratch[position] = 0x30 + UInt8(left)
      }
      output.append(UnsafeRawBufferPointer(rebasing: scratch[position...]))
    }
  }

  public static func append(_ value: Int64, to output: inout ByteWriter) {
    if value < 0 { output.append(0x2D) }
    append(value.magnitude, to: &output)
  }

  /// All of `text` as a number; no sign, no blanks, no separators. Errors carry the position in `text`.
  public static func parse(_ text: UnsafeRawBufferPointer) throws(FormatError) -> UInt64 {
    guard text.count > 0 else { throw FormatError("a number is missing", at: 0) }
    var value: UInt64 = 0
    for (position, byte) in text.enumerated() {
      let digit = byte &- 0x30
      guard digit < 10 else { throw FormatError("not a decimal digit", at: position) }
      let (tens, tooBig) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tens.addingReportingOverflow(UInt64(digit))
      guard !tooBig, !carried else { throw FormatError("the number is too large", at: position) }
      value = sum
    }
    return value
  }

  /// The same with an optional minus sign.
  public static func parseSigned(_ text: UnsafeRawBufferPointer) throws(FormatError) -> Int64 {
    guard text.first == 0x2D else {
      guard let value = Int64(exactly: try parse(text)) else { throw FormatError("the number is too large", at: 0) }
      return value
    }
    let magnitude: UInt64
    do {
      magnitude = try parse(UnsafeRawBufferPointer(rebasing: text.dropFirst()))
    } catch {
      throw FormatError(error.reason, at: error.offset.map { $0 + 1 })
    }
    guard magnitude <= 1 << 63 else { throw FormatError("the number is too small", at: 0) }
    return Int64(truncatingIfNeeded: 0 &- magnitude)
  }
}
