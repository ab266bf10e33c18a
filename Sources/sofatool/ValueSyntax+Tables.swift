import CommandKit

extension ValueSyntax where Value == ClosedRange<Int> {
  /// `6`, or `5-6`.
  static var levels: ValueSyntax {
    ValueSyntax(placeholder: "N[-M]") { (text) throws(ValueError) in
      let parts = text.split(separator: "-", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { Int($0) }
      guard numbers.count == parts.count, (1...2).contains(numbers.count), let first = numbers.first,
        let last = numbers.last, 0 <= first, first <= last
      else { throw ValueError("is no level and no range of levels, as 5-6") }
      return first...last
    }
  }
}

extension ValueSyntax where Value == [UInt64] {
  /// `12`, or `12,15`.
  static var numbers: ValueSyntax {
    ValueSyntax(placeholder: "N[,N]") { (text) throws(ValueError) in
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { UInt64($0) }
      guard numbers.count == parts.count else { throw ValueError("is no list of file numbers") }
      return numbers
    }
  }
}
