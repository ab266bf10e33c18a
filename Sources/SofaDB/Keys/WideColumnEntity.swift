/// A value that is a set of named columns, sorted by name: an entry of kind `wideColumnEntity`.
///
/// Version 1: varint32 1, varint32 count, then (slice name, varint32 size) each, then the values. Version 2 (columns
/// may be blob references): varint32 2, count, three section sizes, a type byte each, name sizes, value sizes, names,
/// values. Source: RocksDB's `db/wide/wide_column_serialization.h`.
public struct WideColumnEntity: Sendable, Hashable {
  public struct Column: Sendable, Hashable {
    public var name: [UInt8]
    /// The value, or a `BlobIndex` where `isBlobReference`.
    public var value: [UInt8]
    public var isBlobReference: Bool

    public init(name: [UInt8], value: [UInt8], isBlobReference: Bool = false) {
      self.name = name
      self.value = value
      self.isBlobReference = isBlobReference
    }
  }

  public var columns: [Column]

  public init(columns: [Column]) { self.columns = columns }

  public init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var reader = ByteReader(bytes)
    switch try reader.varint32() {
    case 1: columns = try WideColumnEntity.version1(&reader)
    case 2: columns = try WideColumnEntity.version2(&reader)
    default: throw FormatError("unknown version of a wide-column entity")
    }
    guard reader.isAtEnd else { throw FormatError("bytes after a wide-column entity", at: reader.position) }
    for (column, next) in zip(columns, columns.dropFirst())
    where KeyOrder.bytewise.compare(column.name, next.name) >= 0 {
      throw FormatError("columns of an entity out of order")
    }
  }

  private static func version1(_ reader: inout ByteReader) throws(FormatError) -> [Column] {
    let count = try reader.length(atMost: reader.remaining / 2)
    var columns: [Column] = []
    var sizes: [Int] = []
    for _ in 0..<count {
      columns.append(Column(name: try reader.sliceArray(), value: [], isBlobReference: false))
      sizes.append(Int(try reader.varint32()))
    }
    for index in columns.indices { columns[index].value = [UInt8](try reader.bytes(sizes[index])) }
    return columns
  }

  private static func version2(_ reader: inout ByteReader) throws(FormatError) -> [Column] {
    let count = try reader.length(atMost: reader.remaining)
    let nameSizesLength = try reader.length(atMost: reader.remaining)
    let valueSizesLength = try reader.length(atMost: reader.remaining)
    let namesLength = try reader.length(atMost: reader.remaining)
    let types = try reader.bytes(count)
    var nameSizes = ByteReader(try reader.bytes(nameSizesLength))
    var valueSizes = ByteReader(try reader.bytes(valueSizesLength))
    var names = ByteReader(try reader.bytes(namesLength))
    var columns: [Column] = []
    for index in 0..<count {
      guard types[index] == 0x01 || types[index] == 0x11 else { throw FormatError("unknown column type") }
      let name = [UInt8](try names.bytes(Int(try nameSizes.varint32())))
      let value = [UInt8](try reader.bytes(Int(try valueSizes.varint32())))
      columns.append(Column(name: name, value: value, isBlobReference: types[index] == 0x11))
    }
    guard nameSizes.isAtEnd, valueSizes.isAtEnd, names.isAtEnd else {
      throw FormatError("sections of an entity disagree")
    }
    return columns
  }

  /// What a plain read returns: the column without a name, or nothing.
  public var defaultValue: [UInt8] { columns.first { $0.name.isEmpty }?.value ?? [] }

  /// The same entity with another unnamed column.
  public func replacingDefault(_ value: [UInt8]) -> WideColumnEntity {
    let others = columns.filter { !$0.name.isEmpty }
    return WideColumnEntity(columns: [Column(name: [], value: value, isBlobReference: false)] + others)
  }

  /// Version 1 bytes. Every column must hold its value.
  public func encode(into writer: inout ByteWriter) {
    precondition(!columns.contains { $0.isBlobReference })
    writer.appendVarint(1)
    writer.appendVarint(columns.count)
    for column in columns {
      writer.appendSlice(column.name)
      writer.appendVarint(column.value.count)
    }
    for column in columns { writer.append(column.value) }
  }
}
