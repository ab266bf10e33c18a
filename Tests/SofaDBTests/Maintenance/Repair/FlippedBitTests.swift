import SofaTesting
import Testing

@testable import SofaDB

@Suite struct FlippedBitTests {
  @Test(arguments: [ChecksumType.crc32c, .xxHash32, .xxHash64, .xxh3])
  func everyBitIsFoundAgain(checksum: ChecksumType) {
    var random = SeededRandom(seed: 3)
    for base in [UInt32(0), 0x1234_5678] {
      let footer = Footer(
        formatVersion: base == 0 ? 5 : 6, checksum: checksum, metaindex: BlockHandle(offset: 0, size: 8), index: nil,
        contextBase: base, offset: 1 << 20)
      let content = random.bytes(200)
      var block = ByteWriter()
      block.append(content)
      let value = content.withUnsafeBytes { footer.blockChecksum($0, type: 7, at: 4711) }
      BlockTrailer(compressionByte: 7, checksum: value).append(to: &block)
      for position in 0..<205 {
        let mask = UInt8(1) << UInt8(random.below(8))
        var damaged = block.array
        damaged[position] ^= mask
        let found = damaged.withUnsafeBytes { FlippedBit.candidates($0, at: 4711, footer) }
        #expect(found.contains(FlippedBit(position: position, mask: mask)), "\(checksum) \(position)")
      }
    }
  }

  @Test func anIntactBlockHasNone() {
    let footer = Footer(
      formatVersion: 5, checksum: .crc32c, metaindex: BlockHandle(offset: 0, size: 8), index: nil, offset: 1 << 20)
    var block = ByteWriter()
    block.append([UInt8](repeating: 5, count: 100))
    let value = footer.blockChecksum(block.bytes, type: 0, at: 0)
    BlockTrailer(compressionByte: 0, checksum: value).append(to: &block)
    #expect(FlippedBit.candidates(block.bytes, at: 0, footer).isEmpty)
  }
}
