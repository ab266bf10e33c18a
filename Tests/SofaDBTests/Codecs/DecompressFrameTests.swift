import SofaDB
import Testing

struct DecompressFrameTests {
  let decompressor = Decompressor()

  func decoded(_ frame: [UInt8], limit: Int = 1 << 24) throws(FormatError) -> [UInt8] {
    let exact = ByteBuffer(frame)
    var output = ByteWriter()
    output.append(utf8: "before")
    do {
      try decompressor.decompressFrame(exact.bytes, limit: limit, into: &output)
    } catch {
      #expect(output.array == Array("before".utf8))
      throw error
    }
    return Array(output.array.dropFirst(6))
  }

  @Test(arguments: [true, false])
  func roundTrips(contentSize: Bool) throws {
    for length in [0, 1, 100, 5000, 1_000_000] {
      for raw in [Samples.records(length), Samples.noise(length), [UInt8](repeating: 3, count: length)] {
        let frame = ZstdFrame.streamed(raw, contentSize: contentSize)
        #expect(try decoded(frame) == raw)
        #expect(try decoded(frame, limit: length) == raw)
        guard length > 0 else { continue }
        for limit in [0, length - 1] {
          #expect(throws: FormatError.self) { try decoded(frame, limit: limit) }
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func survivesEveryCutAndEveryFlip(contentSize: Bool) throws {
    let raw = Samples.records(300)
    let frame = ZstdFrame.streamed(raw, contentSize: contentSize)
    for length in 0..<frame.count {
      #expect(throws: FormatError.self) { try decoded(Array(frame[..<length])) }
    }
    for bit in 0..<frame.count * 8 {
      var flipped = frame
      flipped[bit / 8] ^= 1 << (bit % 8)
      // The frame has a checksum, so nothing else can come out; a flag that only adds a check may be lost.
      if let content = try? decoded(flipped, limit: 1 << 16) { #expect(content == raw) }
    }
  }

  @Test func onlyOneFrame() throws {
    let frame = ZstdFrame.streamed(Samples.records(300), contentSize: true)
    #expect(throws: FormatError.self) { try decoded(frame + frame) }
    #expect(throws: FormatError.self) { try decoded(frame + [0]) }
    #expect(throws: FormatError.self) { try decoded([]) }
  }

  @Test func windowsBeyondTheCapAreRefused() {
    // Magic, a descriptor without size and checksum, window 2^26 and one empty last block.
    let wide: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 16 << 3, 0x01, 0x00, 0x00]
    let widest: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 15 << 3, 0x01, 0x00, 0x00]
    #expect(throws: FormatError.self) { try decoded(wide) }
    #expect(throws: Never.self) { try decoded(widest) }
  }
}
