import SofaTesting
import Testing

@testable import SofaDB

/// Crafted files that crashed other readers of these formats, each by the number it has in our list of such failures.
@Suite struct MuseumTests {
  private func expectRefused(_ content: [UInt8], _ place: String) throws {
    let (error, findings) = try HostileCase.exercise(content)
    #expect(error != nil && error?.file == "hostile.sst", "\(place)")
    #expect(!findings.isEmpty && findings.allSatisfy { $0.file == "hostile.sst" }, "\(place)")
  }

  private static let data = RawTable.block([(RawTable.key("a"), [1, 2, 3])])

  /// leveldb#1310, #1353: a size near 2^64 wraps with the trailer and passes the check.
  @Test func museumJ1BlockSizesThatWrap() throws {
    var cases = 0
    for size in RawTable.extremes where size > 5 {
      for offset in [0, 1, size, .max - size, UInt64.max - 5 - min(size, .max - 5)] {
        let wild = BlockHandle(offset: offset, size: size)
        var table = RawTable()
        _ = table.add(MuseumTests.data)
        let place = "offset \(offset), size \(size)"
        var copy = table
        try expectRefused(copy.close(index: wild), "index, \(place)")
        copy = table
        try expectRefused(copy.close(index: BlockHandle(offset: 0, size: 4), metaindex: wild), "metaindex, \(place)")
        copy = table
        try expectRefused(copy.withIndex([(RawTable.key("z"), RawTable.handle(wild))]), "data, \(place)")
        for name in ["rocksdb.properties", "rocksdb.range_del", "rocksdb.compression_dict"] {
          copy = table
          copy.meta = [(name, RawTable.handle(wild))]
          let index = copy.add(RawTable.block([(RawTable.key("z"), RawTable.handle(BlockHandle(offset: 0, size: 23)))]))
          try expectRefused(copy.close(index: index), "\(name), \(place)")
        }
        cases += 6
      }
    }
    #expect(cases >= 60)
  }

  /// leveldb#1318: a file of 111 bytes asks for terabytes. The bounds of memory are measured in `BoundsTests`.
  @Test func museumJ2SmallFileHugeBlock() throws {
    let content = BoundsTests.smallFileHugeBlock
    #expect(content.count == 111)
    try expectRefused(content, "111 bytes")
  }

  /// leveldb#1349, #1354: declared sizes are believed before they are checked.
  @Test func museumJ3DeclaredFourGiB() throws {
    for (codec, payload) in BoundsTests.bombs {
      try expectRefused(RawTable.around(payload, type: codec), "codec \(codec)")
    }
  }

  /// leveldb#1320: zstd's "unknown" and "error" are numbers at the top of the range.
  @Test func museumJ4ZstdSentinels() throws {
    // A frame without its content size, one cut in its header, one of another magic, and nothing.
    let frames: [[UInt8]] = [
      [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58, 0x19, 0, 0, 1, 2, 3], [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 1],
      [0x28, 0xB5, 0x2F, 0xFD], [],
    ]
    for frame in frames {
      for framing in [BlockFraming.leveldb, .unsized, .sized] {
        for codec in [Compression.zlib, .zstd, .zstdNotFinal] {
          let bytes = ByteBuffer(frame)
          #expect(throws: FormatError.self) {
            try Decompressor().decompress(bytes.bytes, as: codec, framing: framing, limit: 64 << 20)
          }
        }
      }
      var table = RawTable()
      table.version = 0
      let handle = table.add(frame, type: 2)
      let index = table.add(RawTable.block([(RawTable.key("z"), RawTable.handle(handle))]))
      try expectRefused(table.close(index: index), "frame of \(frame.count)")
    }
  }

  /// leveldb#1324: the sum of two lengths wraps 32 bits.
  @Test func museumJ5EntryLengthsThatWrap() throws {
    let lengths: [UInt64] = [0, 1, 127, 128, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFE, 0xFFFF_FFFF]
    for shared in lengths {
      for unshared in lengths {
        for value in lengths where max(shared, unshared, value) > 128 {
          let entry = RawTable.varints(shared, unshared, value) + RawTable.key("a") + [UInt8](repeating: 1, count: 200)
          let block = entry + [0, 0, 0, 0, 1, 0, 0, 0]
          let content = RawTable.around(block)
          try expectRefused(content, "shared \(shared), unshared \(unshared), value \(value)")
        }
      }
    }
  }

  /// leveldb#1311, #1335: `size - 8` of a key of one byte.
  @Test func museumJ6ShortKeysInTheManifest() throws {
    for tag in [UInt64(7), 100, 102, 103, 5] {
      for length in 0..<8 {
        let key = [UInt8(length)] + [UInt8](repeating: 0x61, count: length)
        var edit = RawTable.varints(2, 9, 3, 12, 4, 5, tag, 0)
        if tag != 5 { edit += RawTable.varints(11) }
        if tag == 102 { edit += RawTable.varints(0) }
        if tag != 5 { edit += RawTable.varints(1000) }
        edit += key + key + RawTable.varints(1, 2, 1)
        let file = MemoryFile(name: "MANIFEST-000001")
        try edit.withUnsafeBytes { try LogWriter(file: file).append($0) }
        guard case .corrupt(let error) = try ManifestReader.read(file).tail else {
          Issue.record("tag \(tag), key of \(length) bytes")
          continue
        }
        #expect(error.file == "MANIFEST-000001" && error.offset == 0)
      }
    }
  }

  /// rocksdb#14993: the number of buckets is only asserted.
  @Test func museumJ7HashIndexOutOfItsBlock() throws {
    let entry = RawTable.varints(0, 9, 3) + RawTable.key("a") + [1, 2, 3]
    for buckets in [0, 1, 2, 5, 12, 15, 16, 17, 1000, 0x7FFF, 0xFFFF] {
      for bucket in [0, 1, 77, 253, 254, 255] {
        for present in [0, 1, min(buckets, 40)] {
          var block = entry + [0, 0, 0, 0] + [UInt8](repeating: UInt8(bucket), count: present)
          block += [UInt8(buckets & 0xFF), UInt8(buckets >> 8), 1, 0, 0, 0x80]
          let (error, findings) = try HostileCase.exercise(RawTable.around(block))
          let isRight = present == buckets && buckets > 0 && (bucket == 0 || bucket == 254)
          #expect(findings.isEmpty == isRight, "\(buckets) buckets of \(bucket), \(present) there")
          if isRight { #expect(error == nil) }
        }
      }
    }
  }

  /// RocksDB 5db2eb0f3c: an entry that reaches into the restarts.
  @Test func museumJ8KeysBeyondTheEntries() throws {
    for length in 8...40 {
      for value in [0, 1, 12] {
        let entry = RawTable.varints(0, UInt64(length), UInt64(value)) + RawTable.key("a")
        let block = entry + [0, 0, 0, 0, 1, 0, 0, 0]
        let (error, findings) = try HostileCase.exercise(RawTable.around(block))
        let isRight = length == 9 && value == 0
        #expect((error == nil) == isRight && findings.isEmpty == isRight, "key of \(length), value of \(value)")
      }
    }
  }

  /// rocksdb#15208: sums of counts that wrap. Filters that contradict themselves match everything.
  @Test func museumJ9FilterCountsThatWrap() throws {
    let key = Array("a".utf8)
    let counts = RawTable.extremes.map { UInt32(truncatingIfNeeded: $0) } + [3, 0x0100_0000, 0x00FF_FFFF, 0x5555_5555]
    for count in counts {
      for kind in [UInt8(0), 1, 6, 127, 0xFF, 0xFE, 0x80] {
        for length in [0, 1, 16, 64, 128, 1000] {
          var filter = [UInt8](repeating: 0xFF, count: length) + [kind]
          withUnsafeBytes(of: count.littleEndian) { filter += $0 }
          filter.withUnsafeBytes { bytes in
            key.withUnsafeBytes { key in
              _ = FullFilter(bytes).mayContain(key)
              for isLevelDB in [true, false] {
                let filter = BlockBasedFilter(bytes, isLevelDB: isLevelDB)
                for offset in [0, 2048, UInt64.max] { _ = filter?.mayContain(key, blockOffset: offset) }
              }
            }
          }
        }
      }
    }
  }

  /// rocksdb#15213: table formats that are not read are refused by their magic numbers.
  @Test func museumJ10OtherTableFormats() throws {
    for (magic, name) in [(0x926789D0C5F17873, "Cuckoo"), (0x8242229663BF9564, "Plain")] as [(UInt64, String)] {
      var content = [UInt8](repeating: 0xFF, count: 200)
      withUnsafeBytes(of: magic.littleEndian) { content += $0 }
      let (error, findings) = try HostileCase.exercise(content)
      #expect(error?.kind == .unsupported && error?.detail.contains(name) ?? false)
      #expect(findings.map(\.code) == [.tableUnsupported])
    }
  }

  /// pebble 032ab4622: a batch that is cut, or counts more than it has.
  @Test func museumJ11BatchCounts() throws {
    var batch = WriteBatch()
    for number in 0..<5 { try batch.put([UInt8(number)], [1, 2, 3]) }
    try batch.deleteRange([1], [2], family: 3)
    batch.setSequence(10)
    let whole = [UInt8](batch.bytes)
    for length in 0..<whole.count {
      let cut = ByteBuffer(Array(whole[..<length]))
      #expect(throws: FormatError.self) { try WriteBatchReader.check(cut.bytes) }
    }
    for count in [0, 1, 5, 7, 0x7FFF_FFFF, UInt32.max] {
      var wrong = whole
      withUnsafeBytes(of: count.littleEndian) { wrong.replaceSubrange(8..<12, with: $0) }
      let file = MemoryFile(name: "000007.log")
      try wrong.withUnsafeBytes { try LogWriter(file: file).append($0) }
      var audit = LogAudit(file, number: 7, isNewest: true, plainOnly: false)
      try audit.run()
      #expect(audit.findings.map(\.code) == [.walRecord], "count \(count)")
    }
  }

  /// leveldb#172, #223: blocks too short for what every block has.
  @Test func museumJ12ShortBlocks() throws {
    for length in 0..<12 {
      for byte in [UInt8(0), 1, 0xFF] {
        let block = [UInt8](repeating: byte, count: length)
        try expectRefused(RawTable.around(block, entries: 5), "data block of \(length)")
        var table = RawTable()
        let handle = table.add(block)
        var copy = table
        if length != 8 || byte != 0 { try expectRefused(copy.close(index: handle), "index of \(length)") }
        copy = table
        try expectRefused(copy.close(index: handle, metaindex: handle), "metaindex of \(length)")
      }
    }
  }
}
