import SofaTesting

@testable import SofaDB

/// What stands in the values of entries, and blob files.
extension FuzzTarget {
  static let ofValues = [
    FuzzTarget("entity", longest: 1024) {
      let vectors = try Vectors("write-batch")
      return vectors["entities"].array.map { $0["hex"].hexBytes }
    } body: { bytes in
      let entity = try WideColumnEntity(bytes)
      _ = entity.defaultValue
      guard !entity.columns.contains(where: \.isBlobReference) else { return }
      var writer = ByteWriter()
      entity.encode(into: &writer)
      let copy = try WideColumnEntity(writer.bytes)
      precondition(copy == entity, "an entity changed on its way")
    },
    FuzzTarget("blob-index", longest: 128) {
      let vectors = try Vectors("write-batch")
      return vectors["blob_index"].array.map { $0["hex"].hexBytes }
    } body: { bytes in
      _ = try BlobIndex(bytes)
    },
    FuzzTarget("blob-file", longest: 2048) {
      [
        blobSeed(compression: 0), blobSeed(compression: 7),
        [1] + wholeBlobFile(compression: 4, key: [1], value: [2, 3]),
      ]
    } body: { bytes in
      try blobFile(bytes)
    },
  ]

  private static func blobSeed(compression: UInt8) -> [UInt8] {
    [0, compression, 3] + Array("keyvalue of a few bytes".utf8)
  }

  /// A file with one record, whose checksums are right whatever is in it.
  private static func wholeBlobFile(compression: UInt8, key: [UInt8], value: [UInt8]) -> [UInt8] {
    var file = ByteWriter()
    file.appendFixed32(BlobFile.magic)
    file.appendFixed32(1)
    file.appendFixed32(0)
    file.append(0)
    file.append(compression)
    file.appendZeros(16)
    var header = ByteWriter()
    header.appendFixed64(UInt64(key.count))
    header.appendFixed64(UInt64(value.count))
    header.appendFixed64(0)
    header.appendFixed32(CRC32C.mask(CRC32C.checksum(header.bytes)))
    let body = key + value
    header.appendFixed32(CRC32C.mask(body.withUnsafeBytes { CRC32C.checksum($0) }))
    var footer = ByteWriter()
    footer.appendFixed32(BlobFile.magic)
    footer.appendFixed64(1)
    footer.appendZeros(16)
    footer.appendFixed32(CRC32C.mask(CRC32C.checksum(footer.bytes)))
    return file.array + header.array + body + footer.array
  }

  private static func blobFile(_ bytes: UnsafeRawBufferPointer) throws {
    var input = FuzzInput(bytes)
    var output = ByteWriter()
    guard input.byte() & 1 == 0 else {
      let blob = try BlobFile(file: MemoryFile([UInt8](input.rest)))
      _ = try blob.footer()
      let key = input.take(4)
      return try blob.value(
        at: UInt64(input.number()), size: UInt64(input.number()), compression: blob.compression, userKey: key,
        limit: 1 << 20, into: &output)
    }
    let compression = input.byte()
    let key = [UInt8](input.take(Int(input.byte())))
    let value = [UInt8](input.rest)
    let file = MemoryFile(wholeBlobFile(compression: compression, key: key, value: value))
    let blob = try BlobFile(file: file)
    let footer = try blob.footer()
    precondition(footer?.records == 1)
    let place = UInt64(BlobFile.headerSize + BlobFile.recordHeaderSize + key.count)
    try key.withUnsafeBytes {
      try blob.value(
        at: place, size: UInt64(value.count), compression: compression, userKey: $0, limit: 1 << 20, into: &output)
    }
    precondition(compression != 0 || output.array == value, "a blob changed on its way")
  }
}
