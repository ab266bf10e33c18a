/// The last bytes of a table: how its blocks are checked and where the metaindex and the index are.
///
///     legacy (48 bytes)     metaindex handle | index handle | zeros up to 40 | magic (8)
///     version 1...5 (53)    checksum type (1) | handles and zeros as above (40) | format_version (4) | magic (8)
///     version 6, 7 (53)     checksum type (1) | 3E 00 7A 00 | footer checksum (4) | context base (4) |
///                           metaindex size (4) | unchecked (16) | zeros (8) | format_version (4) | magic (8)
///
/// From version 6 on the metaindex ends where the footer begins and names the index. Source: RocksDB's
/// `table/format.cc`, LevelDB's `table/format.cc`.
public struct Footer: Hashable, Sendable {
  /// Newest known format.
  public static let newestVersion: UInt32 = 7
  /// Bytes that hold any footer.
  public static let longestSize = 53
  static let legacySize = 48
  private static let handlesSize = 40
  private static let extendedMagic: [UInt8] = [0x3E, 0x00, 0x7A, 0x00]

  /// 0 for legacy footers: LevelDB's, and RocksDB's oldest.
  public var formatVersion: UInt32
  public var checksum: ChecksumType
  public var metaindex: BlockHandle
  /// nil from version 6 on, where the metaindex names it.
  public var index: BlockHandle?
  /// What block checksums are mixed with; 0 before version 6, never 0 afterwards.
  public var contextBase: UInt32
  /// Where the footer starts in its file.
  public var offset: UInt64

  public init(
    formatVersion: UInt32, checksum: ChecksumType, metaindex: BlockHandle, index: BlockHandle?,
    contextBase: UInt32 = 0, offset: UInt64
  ) {
    self.formatVersion = formatVersion
    self.checksum = checksum
    self.metaindex = metaindex
    self.index = index
    self.contextBase = contextBase
    self.offset = offset
  }

  public var isLegacy: Bool { formatVersion == 0 }
  /// Encoded bytes.
  public var size: Int { isLegacy ? Footer.legacySize : Footer.longestSize }

  /// The four bytes that belong behind the compression type of a block at `blockOffset`.
  public func blockChecksum(_ stored: UnsafeRawBufferPointer, type: UInt8, at blockOffset: UInt64) -> UInt32 {
    checksum.blockChecksum(stored, type: type)
      &+ ChecksumType.contextModifier(base: contextBase, offset: blockOffset)
  }

  // MARK: Decoding

  /// Decodes the footer at the end of `tail`, the last bytes (53, or all) of a file of `fileSize` bytes. Offsets in
  /// errors count from the start of `tail`. Handles are not compared with the file's size.
  public init(decoding tail: UnsafeRawBufferPointer, fileSize: UInt64) throws(FormatError) {
    guard tail.count >= Footer.legacySize, UInt64(tail.count) <= fileSize else {
      throw FormatError("shorter than a table's footer")
    }
    switch TableMagic(tail) {
    case .legacy: try self.init(legacy: UnsafeRawBufferPointer(rebasing: tail.suffix(Footer.legacySize)), fileSize)
    case .blockBased:
      guard tail.count >= Footer.longestSize else { throw FormatError("shorter than a table's footer") }
      try self.init(current: UnsafeRawBufferPointer(rebasing: tail.suffix(Footer.longestSize)), fileSize)
    case .plain: throw FormatError("a PlainTable, which is not supported", at: tail.count - 8)
    case .cuckoo: throw FormatError("a CuckooTable, which is not supported", at: tail.count - 8)
    case .unknown: throw FormatError("not a table: unknown magic number", at: tail.count - 8)
    }
  }

  private init(legacy footer: UnsafeRawBufferPointer, _ fileSize: UInt64) throws(FormatError) {
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: footer.prefix(Footer.handlesSize)))
    let metaindex = try BlockHandle(from: &reader)
    self.init(
      formatVersion: 0, checksum: .crc32c, metaindex: metaindex, index: try BlockHandle(from: &reader),
      offset: fileSize - UInt64(footer.count))
  }

  private init(current footer: UnsafeRawBufferPointer, _ fileSize: UInt64) throws(FormatError) {
    var reader = ByteReader(footer)
    guard let checksum = ChecksumType(rawValue: try reader.byte()) else {
      throw FormatError("unknown checksum type", at: 0)
    }
    let part = try reader.bytes(Footer.handlesSize)
    let version = try reader.fixed32()
    let offset = fileSize - UInt64(footer.count)
    guard version > 0 else { throw FormatError("format_version 0 behind a new magic number", at: 41) }
    guard version <= Footer.newestVersion else { throw FormatError("format_version newer than 7", at: 41) }
    var fields = ByteReader(part)
    if version < 6 {
      let metaindex = try BlockHandle(from: &fields)
      // No block is shorter; the extended magic of newer footers reads as size 0, when their version was damaged.
      guard metaindex.size >= 8 else { throw FormatError("metaindex shorter than 8 bytes", at: 1) }
      self.init(
        formatVersion: version, checksum: checksum, metaindex: metaindex, index: try BlockHandle(from: &fields),
        offset: offset)
      return
    }
    guard try fields.bytes(4).elementsEqual(Footer.extendedMagic) else {
      throw FormatError("wrong extended magic number", at: 1)
    }
    let stored = try fields.fixed32()
    let base = try fields.fixed32()
    let metaindexSize = UInt64(try fields.fixed32())
    guard base != 0 else { throw FormatError("context base of 0", at: 9) }
    let (behind, overflow) = metaindexSize.addingReportingOverflow(UInt64(BlockTrailer.size))
    guard !overflow, behind <= offset else { throw FormatError("metaindex longer than the file", at: 13) }
    self.init(
      formatVersion: version, checksum: checksum,
      metaindex: BlockHandle(offset: offset - behind, size: metaindexSize), index: nil, contextBase: base,
      offset: offset)
    guard stored == ownChecksum([UInt8](footer)) else { throw FormatError("footer checksum mismatch", at: 5) }
    try fields.skip(16)
    guard try fields.fixed64() == 0 else { throw FormatError("unknown footer fields", at: 33) }
  }

  /// The checksum of an encoded footer of version 6 or newer, its own field taken as zeros.
  private func ownChecksum(_ encoded: [UInt8]) -> UInt32 {
    var bytes = encoded
    for index in 5..<9 { bytes[index] = 0 }
    return bytes.withUnsafeBytes { checksum.checksum($0) }
      &+ ChecksumType.contextModifier(base: contextBase, offset: offset)
  }

  // MARK: Encoding

  /// Appends the footer. `offset` must be right from version 6 on, and the metaindex must end there.
  public func append(to writer: inout ByteWriter) {
    precondition(formatVersion <= Footer.newestVersion && (index != nil) == (formatVersion < 6))
    var part = ByteWriter(capacity: Footer.longestSize)
    if !isLegacy { part.append(checksum.rawValue) }
    let start = part.count
    if let index {
      metaindex.append(to: &part)
      index.append(to: &part)
    } else {
      precondition(contextBase != 0 && metaindex.end == offset && metaindex.size <= UInt64(UInt32.max))
      part.append(Footer.extendedMagic)
      part.appendFixed32(0)
      part.appendFixed32(contextBase)
      part.appendFixed32(UInt32(metaindex.size))
    }
    part.appendZeros(start + Footer.handlesSize - part.count)
    if !isLegacy { part.appendFixed32(formatVersion) }
    part.appendFixed64(isLegacy ? TableMagic.legacyNumber : TableMagic.blockBasedNumber)
    if index == nil {
      let checksum = ownChecksum(part.array)
      part.mutableBytes.storeBytes(of: checksum.littleEndian, toByteOffset: 5, as: UInt32.self)
    }
    writer.append(part.bytes)
  }
}
