import SofaTesting
import Testing

@testable import SofaDB

/// Damaged tables are never converted, and nothing is called done that is not.
@Suite struct TranscodeDamageTests {
  /// Every byte of a small table flipped: an error that names the file, or a table with the same contents.
  @Test(arguments: [1, 3, 7, 16])
  func flippedBytesAreNoticed(_ number: Int) throws {
    var table = TableCase(number)
    table.replaceEntries(Array(table.entries.prefix(60)))
    table.options.blockSize = 256
    let source = MemoryFile(name: "000007.sst")
    try table.write(to: source)
    let target = TranscodeTarget(codec: number % 2 == 0 ? .zstd : .lz4)
    let whole = try Transcoding(source, to: target)
    let dataSize = try TableReader(source).properties.dataSize
    for offset in stride(from: 0, to: source.content.count, by: 3) {
      let damaged = MemoryFile(source.content, name: source.name)
      damaged.content[offset] ^= 1 << UInt8(offset % 8)
      do {
        let made = try Transcoding(damaged, to: target)
        let contents = made.table.contents
        #expect(
          contents.data == whole.table.contents.data && contents.separators == whole.table.contents.separators
            && contents.parts == whole.table.contents.parts, "offset \(offset)")
      } catch let error as DatabaseError {
        #expect(error.file == "000007.sst", "offset \(offset): \(error)")
        if UInt64(offset) < dataSize { #expect(error.offset.map { $0 <= UInt64(offset) } ?? false, "\(error)") }
      }
    }
  }

  /// G7: what was written is not what is told of it: the proof reads the new file.
  @Test func museumG7TheResultIsReadBack() throws {
    let source = MemoryFile(name: "000007.sst")
    try TableCase(11).write(to: source)
    let made = try Transcoding(source, to: TranscodeTarget(codec: .zstd))
    var other = TableCase(11)
    other.replaceEntries(Array(other.entries.dropLast()))
    let shorter = MemoryFile(name: "000007.sst")
    try other.write(to: shorter)
    let wrong = try Transcoding(shorter, to: TranscodeTarget(codec: .zstd)).result
    let cut = MemoryFile(Array(made.result.content.dropLast()), name: "000007.sst")
    // A block that says it is raw, checksum included.
    let mislabelled = MemoryFile(made.result.content, name: "000007.sst")
    let reader = try TableReader(made.result)
    var index = reader.dataBlocks()
    try index.seekToFirst()
    let end = Int(index.handle.offset + index.handle.size)
    mislabelled.content[end] = 0
    let value = mislabelled.content[..<end].withUnsafeBytes {
      reader.file.footer.blockChecksum($0, type: 0, at: 0)
    }
    withUnsafeBytes(of: value.littleEndian) { mislabelled.content.replaceSubrange((end + 1)..<(end + 5), with: $0) }
    let damaged = MemoryFile(made.result.content, name: "000007.sst")
    damaged.content[10] ^= 1
    for file in [wrong, cut, mislabelled, damaged] {
      var table = made.table
      table.fileSize = file.size
      #expect(throws: DatabaseError.self) {
        try TableTranscoder.prove(table, in: file, on: BlockPool(), with: BlockTools()) { _ in }
      }
    }
  }

  /// An index that leads to some of the blocks only; told by the count in the properties.
  @Test func lostBlocksAreNoticed() throws {
    var table = TableCase(11)
    table.options.formatVersion = 5
    table.options.compression = .none
    table.options.blockSize = 1024
    let source = MemoryFile(name: "000007.sst")
    try table.write(to: source)
    let reader = try TableReader(source)
    let handle = try #require(reader.metaIndex.properties)
    let name = Array("rocksdb.num.data.blocks".utf8)
    var cursor = BlockCursor()
    let block = try reader.file.readBlock(handle, kind: .properties)
    try cursor.load(block.bytes)
    while try cursor.next(), !cursor.key.elementsEqual(name) {}
    source.content[Int(handle.offset) + cursor.valueRange.lowerBound] += 1
    let end = Int(handle.offset + handle.size)
    let value = source.content[Int(handle.offset)..<end].withUnsafeBytes {
      reader.file.footer.blockChecksum($0, type: 0, at: handle.offset)
    }
    withUnsafeBytes(of: value.littleEndian) { source.content.replaceSubrange((end + 1)..<(end + 5), with: $0) }
    withExtendedLifetime(block) {}
    #expect {
      try Transcoding(source, to: TranscodeTarget(codec: .zstd))
    } throws: { error in
      (error as? DatabaseError)?.kind == .corruption && "\(error)".contains("data blocks")
    }
  }

  /// Far more comes out of a run of blocks than it has stored: it is taken in steps.
  @Test func blocksThatExpandAreTakenInSteps() throws {
    var table = TableCase(0)
    table.options.formatVersion = 5
    table.options.compression = .zstd
    table.options.blockSize = 4096
    table.options.order = .bytewise
    table.replaceEntries(
      (0..<4000).map { number in
        TableCase.Entry(
          userKey: Array("key \(100_000 + number)".utf8), sequence: 0, kind: .value,
          value: [UInt8](repeating: UInt8(number % 251), count: 4000))
      })
    let source = MemoryFile(name: "000007.sst")
    try table.write(to: source)
    #expect(source.size < 1 << 20)
    let plain = try Transcoding(source, to: TranscodeTarget(codec: .none), assistants: 1)
    #expect(plain.result.size > 16_000_000)
    let back = try Transcoding(plain.result, to: TranscodeTarget(codec: .zstd))
    #expect(back.table.contents == plain.table.contents)
  }
}
