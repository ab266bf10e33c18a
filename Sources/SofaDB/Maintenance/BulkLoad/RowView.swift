/// One row of input, borrowed from the piece it stands in until the next row is asked for.
///
/// Delimited rows are cut by offsets: field `i` lies between cut `i - 1` and cut `i`. Rows of JSON have their members
/// in `members`, one place for each column that the expressions name.
struct RowView {
  let text: UnsafePointer<UInt8>
  /// First byte of the row.
  var start = 0
  /// The byte after the last field; CR and LF lie behind it.
  var end = 0
  var cuts: UnsafePointer<UInt32>
  var fieldCount = 0
  /// -1 when quotes mean nothing.
  let quote: Int32
  let members: UnsafePointer<FieldText>?

  /// The row without its line break.
  @inline(__always)
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: text + start, count: end - start) }

  @inline(__always)
  func lowerBound(_ index: Int) -> Int { index == 0 ? start : Int(cuts[index - 1]) + 1 }

  @inline(__always)
  func upperBound(_ index: Int) -> Int { index == fieldCount - 1 ? end : Int(cuts[index]) }

  /// Field `index`, less than `fieldCount`, as it stands between its delimiters.
  @inline(__always)
  func raw(_ index: Int) -> UnsafeRawBufferPointer {
    let lower = lowerBound(index)
    return UnsafeRawBufferPointer(start: text + lower, count: upperBound(index) - lower)
  }

  /// Field `index`, less than `fieldCount`, or place `index` of the named members.
  @inline(__always)
  func field(_ index: Int) -> FieldText {
    if let members { return members[index] }
    let lower = lowerBound(index)
    let count = upperBound(index) - lower
    if count >= 2, Int32(text[lower]) == quote {
      return FieldText(
        start: text + lower + 1, count: count - 2, form: .quoted, quote: UInt8(truncatingIfNeeded: quote))
    }
    return FieldText(start: text + lower, count: count, form: .plain)
  }
}
