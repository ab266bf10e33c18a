import SofaTesting

@testable import SofaDB

/// A file as an input describes it, checksums left out: they are computed, so that a mutation reaches the parser behind
/// them. One byte says how:
///
///     0  the file as it is
///     1  records of a log: each a slice
///     2  fragments of a log: each a type and a slice
///     3  a table: blocks, each a compression type and a slice, then type 0xFF and the footer
enum PackedFile {
  static func unpacked(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> [UInt8] {
    var input = FuzzInput(bytes)
    switch input.byte() & 3 {
    case 1: return try records(&input)
    case 2: return fragments(&input)
    case 3: return table(&input)
    default: return [UInt8](input.rest)
    }
  }

  static func packed(raw content: [UInt8]) -> [UInt8] { [0] + content }

  // MARK: Logs

  private static func records(_ input: inout FuzzInput) throws(DatabaseError) -> [UInt8] {
    let file = MemoryFile()
    let writer = LogWriter(file: file)
    while !input.isAtEnd { try writer.append(input.slice()) }
    return file.content
  }

  private static func fragments(_ input: inout FuzzInput) -> [UInt8] {
    var content: [UInt8] = []
    while !input.isAtEnd {
      let type = input.byte()
      let payload = input.slice()
      var fragment = ByteWriter()
      let checksum = CRC32C.checksum(payload, continuing: CRC32C.checksum(type, continuing: 0))
      fragment.appendFixed32(CRC32C.mask(checksum))
      fragment.appendFixed16(UInt16(payload.count))
      fragment.append(type)
      fragment.append(payload)
      content += fragment.array
    }
    return content
  }

  /// A log, as its records; nil when it is not clean, or a record does not fit.
  static func packed(log content: [UInt8], plainOnly: Bool) throws(DatabaseError) -> [UInt8]? {
    let reader = LogReader(file: MemoryFile(content), number: 0, plainOnly: plainOnly)
    var packed: [UInt8] = [1]
    while let item = try reader.next() {
      guard case .record(let record) = item, let slice = FuzzInput.encoded([UInt8](record.bytes)) else { return nil }
      packed += slice
    }
    return packed
  }

  // MARK: Tables

  private static let footer: UInt8 = 0xFF

  private static func table(_ input: inout FuzzInput) -> [UInt8] {
    var blocks: [(type: UInt8, content: UnsafeRawBufferPointer)] = []
    while !input.isAtEnd {
      let type = input.byte()
      if type == footer { break }
      blocks.append((type, input.slice()))
    }
    let tail = [UInt8](input.rest)
    let size = blocks.reduce(tail.count) { $0 + $1.content.count + BlockTrailer.size }
    // Checksums depend on what the footer says; where it cannot be read they do not matter.
    let known: Footer?
    do {
      known = try tail.withUnsafeBytes { (tail) throws(FormatError) in
        try Footer(decoding: tail, fileSize: UInt64(size))
      }
    } catch { known = nil }
    var file = ByteWriter()
    for block in blocks {
      let checksum = known?.blockChecksum(block.content, type: block.type, at: UInt64(file.count)) ?? 0
      file.append(block.content)
      BlockTrailer(compressionByte: block.type, checksum: checksum).append(to: &file)
    }
    return file.array + tail
  }

  /// A sound table, as its blocks; nil when it is none, or something stands between them.
  static func packed(table content: [UInt8]) throws(DatabaseError) -> [UInt8]? {
    let reader = try TableReader(MemoryFile(content))
    var handles = Set(try reader.metaBlocks().map(\.handle))
    var index = reader.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      handles.insert(index.handle)
      try index.next()
    }
    var packed: [UInt8] = [3]
    var end = 0
    for handle in handles.sorted(by: { $0.offset < $1.offset }) {
      let start = Int(handle.offset)
      guard start == end, let slice = FuzzInput.encoded(Array(content[start..<(start + Int(handle.size))])) else {
        return nil
      }
      packed += [content[start + Int(handle.size)]] + slice
      end = start + Int(handle.size) + BlockTrailer.size
    }
    return packed + [footer] + content[end...]
  }
}
