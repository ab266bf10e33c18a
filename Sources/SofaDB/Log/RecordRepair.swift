/// Tells a damaged record from bytes that never were one, where a recycled log seems to end.
///
/// What follows the new records of a recycled log are old ones, cut anywhere. So the end looks like damage, and a
/// damaged record looks like the end. But one bit turned back makes a damaged record whole again, which happens to old
/// bytes once in billions.
struct RecordRepair {
  /// From a header to the end of its block.
  private let rest: UnsafeRawBufferPointer
  private let number: UInt32
  private let takesPlain: Bool

  private struct Header {
    var checksum: UInt32
    var length: Int
    var type: UInt8
    var number: UInt32
  }

  /// `rest` begins with a header. `number` is that of the log; `takesPlain` when records may also be plain ones.
  init(_ rest: UnsafeRawBufferPointer, number: UInt32, takesPlain: Bool) {
    self.rest = rest
    self.number = number
    self.takesPlain = takesPlain
  }

  private var header: Header? {
    guard rest.count >= LogFormat.headerSize else { return nil }
    let number =
      rest.count >= LogFormat.recyclableHeaderSize
      ? UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: 7, as: UInt32.self)) : ~self.number
    return Header(
      checksum: UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self)),
      length: Int(UInt16(littleEndian: rest.loadUnaligned(fromByteOffset: 4, as: UInt16.self))), type: rest[6],
      number: number)
  }

  /// Whether `rest` begins as a recyclable record of the log does, as far as the file goes.
  var beginsRecord: Bool {
    guard rest.count >= LogFormat.headerSize, LogFormat.isRecyclable(rest[6]) else { return false }
    return withUnsafeBytes(of: number.littleEndian) { $0.starts(with: rest[7...].prefix(4)) }
  }

  /// Whether one bit makes `rest` begin with a whole record of the log.
  var isOneBitAway: Bool {
    guard let header else { return false }
    if isOneBitOfContent(header) { return true }
    func isWhole(_ change: (inout Header) -> Void) -> Bool {
      var changed = header
      change(&changed)
      guard let start = payloadStart(changed) else { return false }
      return CRC32C.mask(checksum(changed, start)) == changed.checksum
    }
    return (0..<16).contains { bit in isWhole { $0.length ^= 1 << bit } }
      || (0..<8).contains { bit in isWhole { $0.type ^= 1 << UInt8(bit) } }
      || (0..<32).contains { bit in isWhole { $0.number ^= 1 << UInt32(bit) } }
  }

  /// Where the payload of a record with this header starts; nil where the log can have none.
  private func payloadStart(_ header: Header) -> Int? {
    let start: Int
    if LogFormat.isRecyclable(header.type) {
      guard header.number == number else { return nil }
      start = LogFormat.recyclableHeaderSize
    } else {
      let isPlain =
        (LogFormat.full...LogFormat.timestampSizes).contains(header.type) || header.type == LogFormat.predecessor
      guard takesPlain, isPlain else { return nil }
      start = LogFormat.headerSize
    }
    return start + header.length <= rest.count ? start : nil
  }

  /// Of a record with this header, which may differ from the stored one.
  private func checksum(_ header: Header, _ start: Int) -> UInt32 {
    var sum = CRC32C.checksum(header.type, continuing: 0)
    if start == LogFormat.recyclableHeaderSize {
      withUnsafeBytes(of: header.number.littleEndian) { sum = CRC32C.checksum($0, continuing: sum) }
    }
    return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: rest[start..<(start + header.length)]), continuing: sum)
  }

  /// Whether the bit is one of the checksum or of the payload. A checksum is linear: what one bit changes in it depends
  /// on nothing but the bit's distance from the end.
  private func isOneBitOfContent(_ header: Header) -> Bool {
    guard let start = payloadStart(header) else { return false }
    let computed = checksum(header, start)
    if (CRC32C.mask(computed) ^ header.checksum).nonzeroBitCount == 1 { return true }
    let difference = CRC32C.unmask(header.checksum) ^ computed
    // Reflected: the last bit of all is the highest of its byte.
    var effect: UInt32 = 0x82F6_3B78
    for _ in 0..<(8 * header.length) {
      if effect == difference { return true }
      effect = (effect >> 1) ^ (effect & 1 == 1 ? 0x82F6_3B78 : 0)
    }
    return false
  }
}
