import SofaTesting
import Testing

@testable import SofaDB

/// Footers, properties, blocks and filters against the bytes that the engines make.
@Suite struct TableVectorTests {
  @Test func footersDecodeAndEncodeToTheSameBytes() throws {
    let vectors = try Vectors("footers")
    for vector in vectors["rocksdb"].array + vectors["leveldb"].array {
      let bytes = vector["footer"].hexBytes
      let offset = vector.optional("footer_offset")?.uint64 ?? 9000
      let footer = try bytes.withUnsafeBytes { tail throws in
        try Footer(decoding: tail, fileSize: offset + UInt64(bytes.count))
      }
      #expect(footer.offset == offset)
      #expect(footer.formatVersion == UInt32(vector.optional("format_version")?.int ?? 0))
      #expect(footer.checksum.rawValue == UInt8(vector.optional("checksum_type")?.int ?? 1))
      #expect(footer.metaindex == handle(vector["metaindex"]))
      #expect(footer.index == vector.optional("index").map(handle))
      #expect(footer.contextBase == UInt32(vector.optional("base_context_checksum")?.uint64 ?? 0))
      var writer = ByteWriter()
      footer.append(to: &writer)
      #expect(writer.array == bytes)
    }
  }

  private func handle(_ value: Vectors.Value) -> BlockHandle {
    BlockHandle(offset: value[0].uint64, size: value[1].uint64)
  }

  @Test func everyFlippedBitOfACheckedFooterIsNoticed() throws {
    let vectors = try Vectors("footers")["rocksdb"].array.filter {
      $0["format_version"].int >= 6 && $0["checksum_type"].int != 0
    }
    for vector in vectors {
      let bytes = vector["footer"].hexBytes
      for bit in 0..<(bytes.count * 8) {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(throws: FormatError.self) {
          try damaged.withUnsafeBytes { tail throws in
            try Footer(decoding: tail, fileSize: vector["footer_offset"].uint64 + 53)
          }
        }
      }
    }
  }

  @Test(arguments: [
    (0x8242_2296_63BF_9564 as UInt64, "PlainTable"), (0x4F34_18EB_7A8F_13B8, "PlainTable"),
    (0x9267_89D0_C5F1_7873, "CuckooTable"), (0x1234, "unknown magic"),
  ])
  func otherTablesAreNamed(magic: UInt64, name: String) throws {
    var writer = ByteWriter()
    writer.appendZeros(100)
    writer.appendFixed64(magic)
    let bytes = writer.array
    do {
      _ = try bytes.withUnsafeBytes { tail throws in try Footer(decoding: tail, fileSize: 108) }
      Issue.record("decoded")
    } catch let error as FormatError {
      #expect(error.description.contains(name))
    }
  }

  @Test func propertiesDecodeAsTheEnginesSay() throws {
    for file in try Vectors("properties")["files"].array {
      let contents = ByteBuffer(file["contents"].hexBytes)
      let properties = try TableProperties(decoding: contents.bytes)
      let expected = file["properties"]
      #expect(properties.all.count == expected.keys.count)
      for name in expected.keys {
        let value = expected[name]
        #expect(properties[Array(name.utf8)] == value["hex"].hexBytes, "\(name)")
        guard let known = PropertyName(rawValue: name) else { continue }
        if known.encoding == .bytes {
          #expect(value["encoding"].string == "bytes", "\(name)")
        } else {
          #expect(properties.number(known) == value["value"].uint64, "\(name)")
          var copy = TableProperties()
          copy.set(known, value["value"].uint64)
          #expect(copy[known] == value["hex"].hexBytes, "\(name)")
        }
      }
      if let range = try TableProperties.globalSequenceRange(in: contents.bytes) {
        #expect([UInt8](contents.bytes[range]) == properties[.globalSequence])
      } else {
        #expect(properties.globalSequence == nil)
      }
    }
  }

  @Test func aKnownNumberMustBeWellFormed() {
    var properties = TableProperties()
    properties[.entryCount] = [0x80]
    #expect(properties.number(.entryCount) == nil)
    properties[.entryCount] = [1, 2]
    #expect(properties.number(.entryCount) == nil)
    properties[.globalSequence] = [1, 2, 3]
    #expect(properties.globalSequence == nil)
  }
}
