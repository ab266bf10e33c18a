/// What a table says about itself: the entries of its properties block, sorted by name, with typed access to the known
/// ones. Unknown names, the properties of users included, are kept as they are.
///
/// Values: varint64, raw bytes, fixed32 or fixed64, see `PropertyName.encoding`. Absent numbers read as nil or as the
/// engines' default, as each accessor says.
public struct TableProperties: Sendable, Equatable {
  public struct Property: Sendable, Equatable {
    public var name: [UInt8]
    public var value: [UInt8]
  }

  /// Ascending by name, bytewise; no name twice.
  public private(set) var all: [Property] = []

  public init() {}

  /// Decodes the contents of a properties block. A name that occurs twice, or a known number that is not coded as it
  /// should be, is an error.
  public init(decoding block: UnsafeRawBufferPointer) throws(FormatError) {
    var cursor = BlockCursor()
    try cursor.load(block)
    while try cursor.next() {
      all.append(Property(name: [UInt8](cursor.key), value: [UInt8](cursor.value)))
    }
    let isSorted = zip(all, all.dropFirst()).allSatisfy { $0.name.lexicographicallyPrecedes($1.name) }
    if !isSorted {
      all.sort { $0.name.lexicographicallyPrecedes($1.name) }
      for (one, two) in zip(all, all.dropFirst()) where one.name == two.name {
        throw FormatError("a property occurs twice")
      }
    }
    for name in PropertyName.allCases where name.encoding != .bytes {
      guard self[name] == nil || number(name) != nil else { throw FormatError("a property's number is malformed") }
    }
  }

  /// Where the eight bytes of the global sequence number lie in a properties block; nil when there are none. Engines
  /// overwrite them in place without correcting the block's checksum, so it is checked again with zeros there.
  public static func globalSequenceRange(in block: UnsafeRawBufferPointer) throws(FormatError) -> Range<Int>? {
    var cursor = BlockCursor()
    try cursor.load(block)
    let wanted = Array(PropertyName.globalSequence.rawValue.utf8)
    while try cursor.next() {
      if cursor.key.elementsEqual(wanted) { return cursor.value.count == 8 ? cursor.valueRange : nil }
    }
    return nil
  }

  // MARK: Access by name

  private func position(of name: [UInt8]) -> (index: Int, isPresent: Bool) {
    var low = 0
    var high = all.count
    while low < high {
      let middle = (low + high) / 2
      if all[middle].name.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
    }
    return (low, low < all.count && all[low].name == name)
  }

  /// The raw value of any property; nil removes it.
  public subscript(name: [UInt8]) -> [UInt8]? {
    get {
      let (index, isPresent) = position(of: name)
      return isPresent ? all[index].value : nil
    }
    set {
      let (index, isPresent) = position(of: name)
      switch (newValue, isPresent) {
      case (let value?, true): all[index].value = value
      case (let value?, false): all.insert(Property(name: name, value: value), at: index)
      case (nil, true): all.remove(at: index)
      case (nil, false): break
      }
    }
  }

  /// The raw value of a known property; nil removes it.
  public subscript(name: PropertyName) -> [UInt8]? {
    get { self[Array(name.rawValue.utf8)] }
    set { self[Array(name.rawValue.utf8)] = newValue }
  }

  /// The number of a known property; nil when it is absent or malformed. Bytes behind a varint are malformed.
  public func number(_ name: PropertyName) -> UInt64? {
    guard let value = self[name] else { return nil }
    return value.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      do throws(FormatError) {
        let number: UInt64 =
          switch name.encoding {
          case .varint64: try reader.varint64()
          case .fixed32: UInt64(try reader.fixed32())
          case .fixed64: try reader.fixed64()
          case .bytes: throw FormatError("not a number")
          }
        return reader.isAtEnd ? number : nil
      } catch {
        return nil
      }
    }
  }

  /// Stores a number in the property's own encoding; nil removes it.
  public mutating func set(_ name: PropertyName, _ number: UInt64?) {
    guard let number else {
      self[name] = nil
      return
    }
    var writer = ByteWriter(capacity: 16)
    switch name.encoding {
    case .varint64: writer.appendVarint(number)
    case .fixed32: writer.appendFixed32(UInt32(truncatingIfNeeded: number))
    case .fixed64: writer.appendFixed64(number)
    case .bytes: preconditionFailure("not a number: \(name)")
    }
    self[name] = writer.array
  }

  /// The text of a known property, repaired where it is not UTF-8; nil when it is absent.
  public func text(_ name: PropertyName) -> String? {
    self[name].map { String(decoding: $0, as: UTF8.self) }
  }

  /// Stores text; nil removes it.
  public mutating func set(_ name: PropertyName, _ text: String?) {
    self[name] = text.map { Array($0.utf8) }
  }

  /// Properties that RocksDB does not define.
  public var unknown: [Property] {
    all.filter { PropertyName(rawValue: String(decoding: $0.name, as: UTF8.self)) == nil }
  }
}
