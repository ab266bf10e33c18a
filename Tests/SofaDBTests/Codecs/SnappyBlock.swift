import SofaDB

/// Writes Snappy blocks element by element, beside what they must decode to.
struct SnappyBlock {
  private(set) var content: [UInt8] = []
  private var elements: [UInt8] = []

  var payload: [UInt8] { Self.header(content.count) + elements }

  static func header(_ size: Int) -> [UInt8] {
    var header = ByteWriter()
    header.appendVarint(size)
    return header.array
  }

  mutating func literal(_ bytes: [UInt8], lengthBytes: Int? = nil) {
    let length = bytes.count - 1
    let extra = lengthBytes ?? (length < 60 ? 0 : length < 1 << 8 ? 1 : length < 1 << 16 ? 2 : 3)
    elements.append(UInt8(extra == 0 ? length << 2 : (59 + extra) << 2))
    for index in 0..<extra { elements.append(UInt8(truncatingIfNeeded: length >> (8 * index))) }
    elements += bytes
    content += bytes
  }

  /// `kind`: bytes of offset, 1, 2 or 4.
  mutating func copy(_ length: Int, back offset: Int, kind: Int) {
    switch kind {
    case 1:
      elements.append(UInt8((offset >> 8) << 5 | (length - 4) << 2 | 1))
      elements.append(UInt8(truncatingIfNeeded: offset))
    case 2:
      elements.append(UInt8((length - 1) << 2 | 2))
      elements += [UInt8(offset & 255), UInt8(offset >> 8)]
    default:
      elements.append(UInt8((length - 1) << 2 | 3))
      elements += [UInt8(offset & 255), UInt8((offset >> 8) & 255), UInt8(offset >> 16), 0]
    }
    for _ in 0..<length { content.append(content[content.count - offset]) }
  }

  /// Random elements until there are `length` bytes or more.
  static func random(_ length: Int, seed: UInt64) -> SnappyBlock {
    var block = SnappyBlock()
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    block.literal(Samples.noise(next(20) + 1, seed: seed))
    while block.content.count < length {
      let kind = next(4)
      let reach = block.content.count
      switch kind {
      case 0: block.literal(Samples.noise(next(10) == 0 ? next(400) + 1 : next(70) + 1, seed: state))
      case 1: block.copy(4 + next(8), back: 1 + next(min(reach, next(2) == 0 ? 20 : 2047)), kind: 1)
      default: block.copy(1 + next(64), back: 1 + next(min(reach, next(2) == 0 ? 20 : 65_535)), kind: kind == 2 ? 2 : 4)
      }
    }
    return block
  }
}
