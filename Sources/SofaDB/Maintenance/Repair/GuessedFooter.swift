/// What the footer of a table must have said, told from its first blocks: the checksum, the framing of compressed
/// blocks, and from format_version 6 on the base of the context checksums. For tables whose end is gone.
///
/// A guess counts when the block at offset 0 checks and decodes as data. The base follows from that block, so there the
/// one behind it must check as well.
struct GuessedFooter {
  private let file: any RandomAccessFile
  private let head: ByteBuffer

  /// Bytes of the file that are looked at.
  private static let headSize: UInt64 = 4 << 20
  /// Sizes of the first block that are tried for a context base.
  private static let largestFirst = 256 << 10

  /// nil when nothing makes sense.
  static func search(_ file: any RandomAccessFile, isLevelDB: Bool) throws(DatabaseError) -> Footer? {
    guard file.size > UInt64(BlockTrailer.size) else { return nil }
    let guess = GuessedFooter(file: file, head: try file.readExactly(Int(min(file.size, headSize)), at: 0))
    return try guess.footer(isLevelDB)
  }

  private func footer(_ isLevelDB: Bool) throws(DatabaseError) -> Footer? {
    let versions: [UInt32] = isLevelDB ? [0] : [5, 0]
    let checksums: [ChecksumType] = isLevelDB ? [.crc32c] : [.crc32c, .xxh3, .xxHash64, .xxHash32]
    for checksum in checksums {
      for version in versions where version > 0 || checksum == .crc32c {
        let footer = footer(version, checksum, base: 0)
        if try starts(footer) { return footer }
      }
    }
    if isLevelDB { return nil }
    for checksum in checksums {
      if let footer = try withContext(checksum) { return footer }
    }
    return nil
  }

  private func footer(_ version: UInt32, _ checksum: ChecksumType, base: UInt32) -> Footer {
    Footer(
      formatVersion: version, checksum: checksum, metaindex: BlockHandle(offset: 0, size: 0), index: nil,
      contextBase: base, offset: file.size)
  }

  private func starts(_ footer: Footer) throws(DatabaseError) -> Bool {
    let table = TableFile(PatchedFile(file), footer: footer)
    var walk = BlockWalk(table, 0..<UInt64(head.count))
    guard let handle = try walk.first() else { return false }
    do throws(DatabaseError) {
      let content = try table.readBlock(handle, kind: .data)
      return withExtendedLifetime(content) { DataBlockEntries.areSound(content.bytes) }
    } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
      return false
    }
  }

  /// The stored checksum of the first block is that of its bytes plus the base, as its offset is 0.
  private func withContext(_ checksum: ChecksumType) throws(DatabaseError) -> Footer? {
    let bytes = head.bytes
    let base = bytes.baseAddress!
    for size in 8..<max(min(bytes.count - BlockTrailer.size, GuessedFooter.largestFirst), 8) {
      let trailer = BlockTrailer(at: base + size)
      guard trailer.compressionByte <= 7, isPlausible(size, trailer.compressionByte) else { continue }
      let stored = UnsafeRawBufferPointer(start: base, count: size)
      guard decodes(stored, trailer.compressionByte) else { continue }
      let context = trailer.checksum &- checksum.blockChecksum(stored, type: trailer.compressionByte)
      guard context != 0 else { continue }
      let footer = footer(6, checksum, base: context)
      let next = UInt64(size + BlockTrailer.size)
      var walk = BlockWalk(TableFile(PatchedFile(file), footer: footer), next..<max(UInt64(bytes.count), next))
      if try walk.first() != nil { return footer }
    }
    return nil
  }

  private func isPlausible(_ size: Int, _ type: UInt8) -> Bool {
    guard type == 0 else { return true }
    let word = UInt32(littleEndian: head.bytes.loadUnaligned(fromByteOffset: size - 4, as: UInt32.self))
    let restarts = Int(word & BlockFlags.countMask)
    return restarts > 0 && 4 * restarts + 4 <= size
  }

  private func decodes(_ stored: UnsafeRawBufferPointer, _ type: UInt8) -> Bool {
    guard let codec = Compression(rawValue: type), codec.canDecode else { return false }
    do throws(FormatError) {
      let content =
        codec == .none
        ? ByteBuffer(copying: stored)
        : try Decompressor().decompress(
          stored, as: codec, framing: .sized, limit: TableFile.defaultBlockLimit)
      return withExtendedLifetime(content) { DataBlockEntries.areSound(content.bytes) }
    } catch { return false }
  }
}
