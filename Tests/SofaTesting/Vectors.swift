internal import Foundation

/// One file of `Tests/Fixtures/vectors`: inputs and the bytes or numbers that RocksDB, LevelDB or libxxhash made of
/// them, as JSON. `Vectors("crc32c")["vectors"].array` and so on; a missing member ends the test with its name.
public struct Vectors {
  public let root: Value

  /// Loads `vectors/<name>.json`.
  public init(_ name: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("vectors/\(name).json")))
    root = Value(try JSONSerialization.jsonObject(with: data), at: name)
  }

  public subscript(_ member: String) -> Value { root[member] }

  /// The bytes that the vectors call a pattern of `length`.
  public static func pattern(_ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ ($0 >> 8) &* 31 &+ 5) }
  }

  /// Bytes written as hexadecimal digits.
  public static func bytes(hex: String) -> [UInt8] {
    precondition(hex.utf8.count % 2 == 0, "odd number of digits")
    var digits = hex.utf8.makeIterator()
    var bytes: [UInt8] = []
    while let high = digits.next(), let low = digits.next() {
      bytes.append(digit(high) << 4 | digit(low))
    }
    return bytes
  }

  private static func digit(_ character: UInt8) -> UInt8 {
    guard let value = UInt8(String(UnicodeScalar(character)), radix: 16) else {
      preconditionFailure("not a hexadecimal digit: \(character)")
    }
    return value
  }

  /// A JSON value that knows where it stands.
  public struct Value {
    public let json: Any
    private let place: String

    init(_ json: Any, at place: String) {
      self.json = json
      self.place = place
    }

    /// A member of an object.
    public subscript(_ member: String) -> Value {
      guard let value = optional(member) else { preconditionFailure("\(place) has no \(member)") }
      return value
    }

    /// A member of an object, when there and not null.
    public func optional(_ member: String) -> Value? {
      guard let value = (json as? [String: Any])?[member], !(value is NSNull) else { return nil }
      return Value(value, at: "\(place).\(member)")
    }

    /// An element of an array.
    public subscript(_ index: Int) -> Value { array[index] }

    public var array: [Value] {
      expect([Any].self).enumerated().map { Value($0.element, at: "\(place)[\($0.offset)]") }
    }

    public var keys: [String] { expect([String: Any].self).keys.sorted() }
    public var string: String { expect(String.self) }
    public var bool: Bool { expect(NSNumber.self).boolValue }
    public var int: Int { expect(NSNumber.self).intValue }
    /// A number, exact over all 64 bits.
    public var uint64: UInt64 { expect(NSNumber.self).uint64Value }
    public var double: Double { expect(NSNumber.self).doubleValue }
    /// A string of hexadecimal digits, as the bytes it spells.
    public var hexBytes: [UInt8] { Vectors.bytes(hex: string) }
    /// A string of hexadecimal digits, as the number it spells.
    public var hexNumber: UInt64 {
      guard let value = UInt64(string, radix: 16) else { preconditionFailure("\(place) is no hexadecimal number") }
      return value
    }

    private func expect<T>(_: T.Type) -> T {
      guard let value = json as? T else { preconditionFailure("\(place) is no \(T.self)") }
      return value
    }
  }
}
