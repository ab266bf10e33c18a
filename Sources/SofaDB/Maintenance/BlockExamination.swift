/// One block looked at as far as it goes: where it is, how it is stored, whether its checksum holds and its contents
/// decompress. Never throws for damage: that is what it reports.
public struct BlockExamination: Sendable {
  public let kind: BlockKind
  public let handle: BlockHandle
  /// nil when the block could not be read at all, as the two below.
  public let codec: String?
  /// Bytes after decompression; nil when it does not decompress.
  public let rawSize: Int?
  public let storedChecksum: UInt32?
  /// What the checksum should be; differs from the stored one in damaged blocks.
  public let computedChecksum: UInt32?
  /// What is wrong, with file, place and kind; nil when nothing is.
  public let finding: Finding?

  /// Reads the block at `handle`; findings name `file`. Throws what is not the fault of the file's bytes: I/O errors.
  public init(
    _ table: TableFile, _ handle: BlockHandle, _ kind: BlockKind, file: String,
    dictionary: CompressionDictionary? = nil, decompressor: Decompressor
  ) throws(DatabaseError) {
    self.kind = kind
    self.handle = handle
    let block: StoredBlock
    do throws(DatabaseError) {
      block = try table.readStored(handle, kind: kind)
    } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
      (codec, rawSize, storedChecksum, computedChecksum) = (nil, nil, nil, nil)
      finding = BlockExamination.finding(.tableTruncated, file, handle, kind, error.detail)
      return
    }
    codec = Compression.describe(block.trailer.compressionByte)
    storedChecksum = block.trailer.checksum
    computedChecksum = block.expectedChecksum
    let isIntact = block.isIntact || (kind == .properties && table.hasOverwrittenSequence(block))
    guard isIntact else {
      rawSize = nil
      finding = BlockExamination.checksumFinding(file, block)
      return
    }
    do throws(DatabaseError) {
      rawSize = try table.contents(of: block, dictionary: dictionary, decompressor: decompressor).count
      finding = nil
    } catch {
      let code: FindingCode = error.kind == .unsupported ? .tableUnsupported : .blockDecode
      rawSize = nil
      finding = BlockExamination.finding(code, file, handle, kind, error.detail)
    }
  }

  private static func finding(
    _ code: FindingCode, _ file: String, _ handle: BlockHandle, _ kind: BlockKind, _ detail: String
  ) -> Finding {
    Finding(
      code, file: file, offset: handle.offset, length: handle.size, block: kind.findingKind, detail: detail)
  }

  private static func checksumFinding(_ file: String, _ block: StoredBlock) -> Finding {
    let isZero = block.trailer == BlockTrailer(compressionByte: 0, checksum: 0) && block.bytes.allSatisfy { $0 == 0 }
    var finding = finding(
      isZero ? .blockZeroFilled : .blockChecksum, file, block.handle, block.kind,
      isZero ? "the \(block.kind.name) reads as zeros" : "the \(block.kind.name)'s bytes do not fit its checksum")
    finding.stored = HexText.number(UInt64(block.trailer.checksum))
    finding.computed = HexText.number(UInt64(block.expectedChecksum))
    return finding
  }
}

extension BlockKind {
  /// The word that findings use; nil for blocks that they have none for.
  public var findingKind: Finding.BlockKind? {
    switch self {
    case .data, .embeddedBlob: .data
    case .index, .indexPartition, .hashIndex, .userDefinedIndex: .index
    case .filter, .filterIndex, .filterPartition: .filter
    case .dictionary: .dictionary
    case .rangeDeletions: .rangeDeletion
    case .properties: .properties
    case .metaindex: .metaindex
    case .footer: .footer
    case .other: nil
    }
  }
}
