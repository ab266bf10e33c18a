/// Numbers, sizes and durations.
extension ValueSyntax where Value == Int {
  /// A whole number.
  public static var int: ValueSyntax { int(in: Int.min...Int.max) }

  /// A whole number in a range, both ends included.
  public static func int(in range: ClosedRange<Int>) -> ValueSyntax {
    ValueSyntax(placeholder: "N", print: { String($0) }) { (text) throws(ValueError) in
      try QuantityParser.integer(text, in: range)
    }
  }

  /// Bytes: `4096`, `512k`, `64MiB`, `1.5GiB`. `k`, `K` and `KiB` are 1024; `kB` and `KB` are 1000; and so on to `E`.
  public static var size: ValueSyntax { size(in: 0...Int.max) }

  public static func size(in range: ClosedRange<Int>) -> ValueSyntax {
    ValueSyntax(placeholder: "SIZE", print: { Quantity.exactSize($0) }) { (text) throws(ValueError) in
      let value = try QuantityParser.size(text)
      guard range.contains(value) else {
        throw range.upperBound == Int.max
          ? ValueError("is less than \(Quantity.exactSize(range.lowerBound))")
          : ValueError(
            "is not between \(Quantity.exactSize(range.lowerBound)) and \(Quantity.exactSize(range.upperBound))")
      }
      return value
    }
  }
}

extension ValueSyntax where Value == UInt64 {
  /// A whole number of 64 bits: file numbers, sequence numbers.
  public static var unsigned: ValueSyntax {
    ValueSyntax(placeholder: "N", print: { String($0) }) { (text) throws(ValueError) in
      try QuantityParser.integer(text, in: 0...UInt64.max)
    }
  }
}

extension ValueSyntax where Value == Double {
  /// A finite decimal number in a range.
  public static func number(in range: ClosedRange<Double>) -> ValueSyntax {
    ValueSyntax(placeholder: "X", print: { String($0) }) { (text) throws(ValueError) in
      guard let value = Double(text), value.isFinite else { throw ValueError("is not a number") }
      guard range.contains(value) else {
        throw ValueError("is not between \(range.lowerBound) and \(range.upperBound)")
      }
      return value
    }
  }
}

extension ValueSyntax where Value == Duration {
  /// A time span: `500ms`, `90s`, `20m`, `2h`, `1d`, and sums such as `1h30m`.
  public static var duration: ValueSyntax {
    ValueSyntax(placeholder: "TIME", print: { Quantity.exactDuration($0) }) { (text) throws(ValueError) in
      try QuantityParser.duration(text)
    }
  }
}
