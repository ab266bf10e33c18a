/// How the index of a table is coded: three properties decide, not the format version.
///
/// An index maps separators to handles of data blocks; a separator is at or behind the last key of its block and before
/// the first key of the next. In the two-level form the top level maps to partitions, each an index of its own.
public struct IndexFormat: Hashable, Sendable {
  /// `rocksdb.block.based.table.index.type`.
  public enum Kind: UInt32, Sendable, CaseIterable {
    case binarySearch = 0
    /// The same index block and two optional meta blocks.
    case hashSearch = 1
    case twoLevel = 2
    /// Values also carry the first internal key of the data block.
    case binarySearchWithFirstKey = 3
  }

  public var kind: Kind
  /// Whether separators are bare user keys, without trailers.
  public var keysAreUserKeys: Bool
  /// Whether values have no length, and their handles may be differences to the one before.
  public var valuesAreDeltaEncoded: Bool

  public init(kind: Kind = .binarySearch, keysAreUserKeys: Bool = false, valuesAreDeltaEncoded: Bool = false) {
    self.kind = kind
    self.keysAreUserKeys = keysAreUserKeys
    self.valuesAreDeltaEncoded = valuesAreDeltaEncoded
  }

  public init(_ properties: TableProperties) throws(FormatError) {
    guard let number = UInt32(exactly: properties.indexType), let kind = Kind(rawValue: number) else {
      throw FormatError("unknown index type")
    }
    self.init(
      kind: kind, keysAreUserKeys: properties.indexKeysAreUserKeys,
      valuesAreDeltaEncoded: properties.indexValuesAreDeltaEncoded)
  }

  var keyForm: BlockCursor.KeyForm { keysAreUserKeys ? .userKey : .internalKey }

  /// The coding of index blocks that map to data blocks, or of `topLevel` ones.
  func layout(topLevel: Bool) -> BlockCursor.Layout {
    guard valuesAreDeltaEncoded else { return .entries }
    return kind == .binarySearchWithFirstKey && !topLevel ? .deltaIndexWithFirstKeys : .deltaIndex
  }
}

extension BlockHandle {
  /// The handle that follows this one in an index of delta-coded values: in full, or as the difference in size to this
  /// one, behind whose block it lies.
  @inline(__always)
  func successor(isWhole: Bool, from reader: inout ByteReader) throws(FormatError) -> BlockHandle {
    if isWhole { return try BlockHandle(from: &reader) }
    let (size, overflow) = Int64(bitPattern: size).addingReportingOverflow(try reader.signedVarint64())
    guard let offset = end, !overflow, size >= 0 else { throw FormatError("delta-encoded handle out of range") }
    return BlockHandle(offset: offset, size: UInt64(size))
  }
}

extension BlockCursor {
  /// The handle of the current entry of an index block.
  func indexHandle() throws(FormatError) -> BlockHandle {
    if layout == .deltaIndex || layout == .deltaIndexWithFirstKeys { return deltaHandle }
    var reader = ByteReader(value)
    return try BlockHandle(from: &reader)
  }

  /// The first internal key of the data block that the current entry of an index block of `format` maps to; nil when
  /// the format has none.
  func indexFirstKey(_ format: IndexFormat) throws(FormatError) -> UnsafeRawBufferPointer? {
    guard format.kind == .binarySearchWithFirstKey else { return nil }
    if layout == .deltaIndexWithFirstKeys { return value }
    var reader = ByteReader(value)
    _ = try BlockHandle(from: &reader)
    return try reader.slice()
  }
}
