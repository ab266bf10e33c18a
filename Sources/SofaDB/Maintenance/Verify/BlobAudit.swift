/// Reads every record of a blob file and checks both checksums of each. Throws only what the disk throws.
struct BlobAudit {
  private let file: any RandomAccessFile
  private let name: String
  private let metadata: BlobFileMetadata
  private let family: UInt32
  private(set) var findings: [Finding] = []
  /// What the header says; nil where it cannot be read.
  private(set) var compression: UInt8?

  init(_ file: any RandomAccessFile, _ blob: DirectoryAudit.Blob) {
    self.file = file
    metadata = blob.metadata
    name = DatabaseFile.blob(metadata.number).name
    family = blob.family
  }

  mutating func run() throws(DatabaseError) {
    let blob: BlobFile
    let footer: BlobFile.Footer?
    do throws(DatabaseError) {
      blob = try BlobFile(file: file)
      footer = try blob.footer()
    } catch {
      guard error.kind == .corruption else { throw error }
      return add(error.offset ?? 0, nil, error.detail)
    }
    compression = blob.compression
    if blob.familyID != family {
      add(8, 4, "its header names column family \(blob.familyID), the MANIFEST \(family)")
    }
    let end = file.size - (footer == nil ? 0 : UInt64(BlobFile.footerSize))
    var offset = UInt64(BlobFile.headerSize)
    var count: UInt64 = 0
    while offset < end {
      guard let length = try record(at: offset, end: end) else { break }
      offset += length
      count += 1
    }
    judge(count, bytes: offset - UInt64(BlobFile.headerSize), footer)
  }

  /// Checks one record; its length, or nil when nothing behind it can be found.
  private mutating func record(at offset: UInt64, end: UInt64) throws(DatabaseError) -> UInt64? {
    let headerSize = UInt64(BlobFile.recordHeaderSize)
    guard end - offset >= headerSize else {
      add(offset, end - offset, "the file ends inside a blob record")
      return nil
    }
    let bytes = try file.readExactly(BlobFile.recordHeaderSize, at: offset)
    defer { withExtendedLifetime(bytes) {} }
    let header: BlobRecordHeader
    do throws(FormatError) { header = try BlobRecordHeader(bytes.bytes) } catch {
      add(offset, headerSize, "\(error.reason)")
      return nil
    }
    let (body, overflow) = header.keySize.addingReportingOverflow(header.valueSize)
    guard !overflow, body <= end - offset - headerSize else {
      add(offset, end - offset, "the file ends inside a blob record")
      return nil
    }
    var checksum: UInt32 = 0
    var position: UInt64 = 0
    while position < body {
      let piece = try file.readExactly(Int(min(body - position, 1 << 20)), at: offset + headerSize + position)
      checksum = withExtendedLifetime(piece) { CRC32C.checksum(piece.bytes, continuing: checksum) }
      position += UInt64(piece.count)
    }
    if CRC32C.mask(checksum) != header.bodyChecksum { add(offset, headerSize + body, "blob checksum mismatch") }
    return headerSize + body
  }

  private mutating func judge(_ count: UInt64, bytes: UInt64, _ footer: BlobFile.Footer?) {
    guard findings.isEmpty else { return }
    if footer == nil {
      findings.append(
        Finding(.blobReference, file: name, offset: file.size, detail: "its footer is missing: RocksDB refuses it"))
    }
    if let footer, footer.records != count {
      let place = file.size - UInt64(BlobFile.footerSize)
      add(place, nil, "the footer counts \(footer.records) records, there are \(count)")
    }
    if metadata.count != count || metadata.bytes != bytes {
      findings.append(
        Finding(
          .blobReference, file: name,
          detail: "the MANIFEST records \(metadata.count) blobs in \(metadata.bytes) bytes, "
            + "the file holds \(count) in \(bytes)"))
    }
  }

  private mutating func add(_ offset: UInt64, _ length: UInt64?, _ detail: String) {
    findings.append(
      Finding(.blockChecksum, file: name, offset: offset, length: length, detail: detail))
  }
}
