internal import Glibc

/// Decodes the Snappy block format (format_description.txt of google/snappy), behind the length that opens it.
///
///     tag & 3 = 0  literal, length (tag >> 2) + 1; 60...63 there mean 1...4 more bytes of length
///     tag & 3 = 1  copy of 4 + (tag >> 2 & 7) bytes from 11 bits back: tag >> 5, one byte
///     tag & 3 = 2  copy of (tag >> 2) + 1 bytes from two bytes back
///     tag & 3 = 3  the same from four bytes back
///
/// Two loops: `run` takes elements whose bounds allow copies of whole 16-byte words, overshoot included, and stops
/// without an opinion at anything else; `step` takes one element with every check, and is the only one to complain.
struct SnappyDecoder {
  /// Room beyond the decoded size that lets `run` go to the very end.
  static let slack = 80

  private let input: UnsafeRawPointer
  private let inputEnd: Int
  private let output: UnsafeMutableRawPointer
  private let outputEnd: Int
  /// Last place where an element of 64 bytes may overshoot.
  private let roomy: Int
  private var i = 0
  private var o = 0

  /// Decodes `body` into exactly `size` bytes at `output`, where `capacity` bytes may be overwritten.
  static func decode(
    _ body: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer, size: Int, capacity: Int
  ) throws(FormatError) {
    guard let input = body.baseAddress, body.count > 0 else {
      guard size == 0 else { throw FormatError("Snappy block ends early", at: 0) }
      return
    }
    var decoder = SnappyDecoder(
      input: input, inputEnd: body.count, output: output, outputEnd: size, roomy: min(size, capacity - slack))
    while decoder.i < decoder.inputEnd {
      decoder.run()
      if decoder.i < decoder.inputEnd { try decoder.step() }
    }
    guard decoder.o == size else { throw FormatError("Snappy block ends early", at: body.count) }
  }

  private init(
    input: UnsafeRawPointer, inputEnd: Int, output: UnsafeMutableRawPointer, outputEnd: Int, roomy: Int
  ) {
    self.input = input
    self.inputEnd = inputEnd
    self.output = output
    self.outputEnd = outputEnd
    self.roomy = roomy
  }

  private mutating func run() {
    var i = self.i
    var o = self.o
    while i &+ 17 <= inputEnd, o <= roomy {
      let tag = Int(input.load(fromByteOffset: i, as: UInt8.self))
      let kind = tag & 3
      if kind == 0 {
        let length = (tag >> 2) &+ 1
        guard o &+ length <= outputEnd else { break }
        copy16(input + (i &+ 1), to: o)
        if length > 16 {
          guard length <= 60, i &+ 65 <= inputEnd else { break }
          copy16(input + (i &+ 17), to: o &+ 16)
          copy16(input + (i &+ 33), to: o &+ 32)
          copy16(input + (i &+ 49), to: o &+ 48)
        }
        i &+= length &+ 1
        o &+= length
        continue
      }
      // All three copies without a branch: which one comes next is hard to predict.
      let extra = kind &+ ((kind &+ 1) >> 2)
      let length = kind == 1 ? (tag >> 2 & 7) &+ 4 : (tag >> 2) &+ 1
      let above = kind == 1 ? (tag >> 5) << 8 : 0
      let word = Int(UInt32(littleEndian: input.loadUnaligned(fromByteOffset: i &+ 1, as: UInt32.self)))
      let offset = above | word & ((1 &<< (extra &<< 3)) &- 1)
      guard offset != 0, offset <= o, o &+ length <= outputEnd else { break }
      repeatBytes(from: offset, length: length, at: o)
      i &+= extra &+ 1
      o &+= length
    }
    self.i = i
    self.o = o
  }

  /// Copies 1...64 bytes from `offset` back, overshooting by up to 63 bytes.
  @inline(__always)
  private func repeatBytes(from offset: Int, length: Int, at place: Int) {
    let source = UnsafeRawPointer(output) + (place &- offset)
    if offset >= 16 {
      copy16(source, to: place)
      if length > 16 {
        copy16(source + 16, to: place &+ 16)
        copy16(source + 32, to: place &+ 32)
        copy16(source + 48, to: place &+ 48)
      }
      return
    }
    // The pattern is shorter than a word: lay it side by side until it is not.
    var distance = offset
    var place = place
    let end = place &+ length
    while distance < 8 {
      copy8(source, to: place)
      place &+= distance
      distance &+= distance
    }
    while place < end {
      copy8(UnsafeRawPointer(output) + (place &- distance), to: place)
      place &+= 8
    }
  }

  @inline(__always)
  private func copy16(_ source: UnsafeRawPointer, to place: Int) {
    output.storeBytes(of: source.loadUnaligned(as: SIMD16<UInt8>.self), toByteOffset: place, as: SIMD16<UInt8>.self)
  }

  @inline(__always)
  private func copy8(_ source: UnsafeRawPointer, to place: Int) {
    output.storeBytes(of: source.loadUnaligned(as: UInt64.self), toByteOffset: place, as: UInt64.self)
  }

  /// One element, whatever it is.
  private mutating func step() throws(FormatError) {
    let start = i
    let tag = Int(input.load(fromByteOffset: i, as: UInt8.self))
    i += 1
    switch tag & 3 {
    case 0:
      var length = tag >> 2
      if length >= 60 { length = try number(ofBytes: length - 59) }
      try literal(length + 1, at: start)
    case 1: try copy(length: (tag >> 2 & 7) + 4, offset: (tag >> 5) << 8 | number(ofBytes: 1), at: start)
    case 2: try copy(length: (tag >> 2) + 1, offset: number(ofBytes: 2), at: start)
    default: try copy(length: (tag >> 2) + 1, offset: number(ofBytes: 4), at: start)
    }
  }

  private mutating func number(ofBytes count: Int) throws(FormatError) -> Int {
    guard count <= inputEnd - i else { throw FormatError("Snappy element is cut short", at: i) }
    var value = 0
    for index in 0..<count {
      value |= Int(input.load(fromByteOffset: i + index, as: UInt8.self)) << (8 * index)
    }
    i += count
    return value
  }

  private mutating func literal(_ length: Int, at start: Int) throws(FormatError) {
    guard length <= inputEnd - i else { throw FormatError("Snappy literal is cut short", at: start) }
    guard length <= outputEnd - o else { throw FormatError("Snappy block is longer than it declares", at: start) }
    memcpy(output + o, input + i, length)
    i += length
    o += length
  }

  private mutating func copy(length: Int, offset: Int, at start: Int) throws(FormatError) {
    guard offset > 0, offset <= o else { throw FormatError("Snappy copy from before the start", at: start) }
    guard length <= outputEnd - o else { throw FormatError("Snappy block is longer than it declares", at: start) }
    if offset >= length {
      memcpy(output + o, output + (o - offset), length)
    } else {
      for index in o..<o + length {
        let byte = output.load(fromByteOffset: index - offset, as: UInt8.self)
        output.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
      }
    }
    o += length
  }
}
