/// Looks closer at a block whose checksum does not hold: read again past the page cache, all zeros, moved from another
/// place, or one flipped bit.
struct ChecksumFlaw {
  private let table: TableFile
  private let handle: BlockHandle
  private let stored: UnsafeRawBufferPointer
  private let trailer: BlockTrailer
  private let expected: UInt32

  init(
    _ table: TableFile, _ handle: BlockHandle, _ stored: UnsafeRawBufferPointer, _ trailer: BlockTrailer,
    _ expected: UInt32
  ) {
    self.table = table
    self.handle = handle
    self.stored = stored
    self.trailer = trailer
    self.expected = expected
  }

  func flaw() throws(DatabaseError) -> FlawAt {
    var flaw = FlawAt(code: .blockChecksum, detail: "the checksum does not hold")
    flaw.stored = HexText.number(UInt64(trailer.checksum))
    flaw.computed = HexText.number(UInt64(expected))
    if stored.allSatisfy({ $0 == 0 }), trailer.compressionByte == 0, trailer.checksum == 0 {
      flaw.code = .blockZeroFilled
      flaw.detail = "the block is all zeros"
    } else if let origin = misplacedFrom() {
      flaw.code = .blockMisplaced
      flaw.detail = "the block was written for offset \(origin)"
    }
    flaw.cause = try isTransient() ? "transient: a second read gave other bytes that check" : "persistent"
    return flaw
  }

  /// Reads the block once more, from the device where the system allows.
  private func isTransient() throws(DatabaseError) -> Bool {
    table.file.dropCache(offset: handle.offset, length: handle.size + UInt64(BlockTrailer.size))
    return try table.readStored(handle, kind: .data).isIntact
  }

  /// Context checksums tell where a block belongs: the offset whose modifier would make the stored value right.
  private func misplacedFrom() -> UInt64? {
    let base = table.footer.contextBase
    guard base != 0 else { return nil }
    let plain = table.footer.checksum.blockChecksum(stored, type: trailer.compressionByte)
    let origin = UInt64((trailer.checksum &- plain) ^ base)
    return origin < table.footer.offset && origin != handle.offset ? origin : nil
  }
}

/// The bytes of a footer that no checksum covers and no reader looks at: zeros, and how the handles are coded.
enum FooterPadding {
  /// nil when the padding is as engines write it.
  static func flaw(_ file: any RandomAccessFile, _ footer: Footer) -> String? {
    do throws(DatabaseError) {
      let bytes = try file.readExactly(footer.size, at: footer.offset)
      defer { withExtendedLifetime(bytes) {} }
      var padding = ByteReader(bytes.bytes)
      do throws(FormatError) {
        if footer.formatVersion >= 6 {
          try padding.skip(17)
          return try padding.bytes(24).allSatisfy { $0 == 0 } ? nil : "reserved bytes of the footer are not zero"
        }
        if !footer.isLegacy { try padding.skip(1) }
        let start = padding.position
        var shortest = ByteWriter(capacity: 2 * BlockHandle.longestEncoding)
        try BlockHandle(from: &padding).append(to: &shortest)
        try BlockHandle(from: &padding).append(to: &shortest)
        let length = padding.position - start
        let rest = try padding.bytes(40 - length)
        guard rest.allSatisfy({ $0 == 0 }) else { return "the padding of the footer is not zero" }
        return shortest.count == length ? nil : "a handle in the footer takes more bytes than it needs"
      } catch { return "the footer cannot be decoded" }
    } catch { return nil }
  }

  /// What to call a file whose footer cannot be read: no table at all, a table without its end, or a damaged footer.
  static func code(_ file: any RandomAccessFile) -> FindingCode {
    do throws(DatabaseError) {
      guard file.size >= 48 else { return .tableTruncated }
      let tail = try file.readExactly(48, at: file.size - 48)
      if case .unknown = TableMagic(tail.bytes) { return .tableNotATable }
      return .blockChecksum
    } catch { return .tableNotATable }
  }
}
