import SofaTesting

@testable import SofaDB

/// Numbers, text and JSON.
extension FuzzTarget {
  static let ofBytes = [
    FuzzTarget("varint", longest: 256) {
      [[0, 0x7F, 0x80, 0x01], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [UInt8](repeating: 0xFF, count: 9) + [1]]
    } body: { bytes in
      try numbers(bytes)
    },
    FuzzTarget("text", longest: 512) {
      [Array("\u{0}key\\x00\\\\".utf8), Array("\u{1}0x6b6579".utf8), Array("\u{2}a2V5".utf8), Array("\u{5}-17".utf8)]
    } body: { bytes in
      try text(bytes)
    },
    FuzzTarget("json", longest: 1024) {
      [
        Array(#"{"a":[1,-2.5e+3,true,null],"b":{"c":"\u00e9\ud83d\ude00\n"}}"#.utf8), Array("[[[[]]]]".utf8),
        Array(#""\\""#.utf8),
      ]
    } body: { bytes in
      try json(bytes)
    },
  ]

  private static func numbers(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = ByteReader(bytes)
    var small = reader
    var slices = reader
    while !reader.isAtEnd {
      let start = reader.position
      let value = try reader.varint64()
      var writer = ByteWriter()
      writer.appendVarint(value)
      precondition(writer.count == Varint.length(value) && writer.count <= reader.position - start)
      var again = ByteReader(writer.bytes)
      let same = try again.varint64()
      precondition(same == value && again.isAtEnd)
      precondition(Varint.zigzag(Varint.unzigzag(value)) == value)
    }
    while !small.isAtEnd { _ = try small.varint32() }
    while !slices.isAtEnd {
      let slice = try slices.slice()
      precondition(slice.count <= bytes.count)
      _ = try slices.length(atMost: slices.remaining)
      _ = try slices.fixed16()
    }
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) throws {
    var input = FuzzInput(bytes)
    let format = TextFormat.allCases[Int(input.byte()) % TextFormat.allCases.count]
    let rest = input.rest
    // Whatever the bytes, they come back.
    var printed = ByteWriter()
    format.append(rest, to: &printed)
    var restored = ByteWriter()
    try format.parse(printed.bytes, into: &restored)
    precondition(restored.bytes.elementsEqual(rest), "\(format) does not give back what it printed")
    if let argument = String(validating: rest, as: UTF8.self) {
      do throws(FormatError) { _ = try KeyText.parse(argument) } catch {
        _ = KeyText.caret(below: argument, at: error.offset ?? 0)
      }
    }
    var parsed = ByteWriter()
    try format.parse(rest, into: &parsed)
    printed.removeAll()
    restored.removeAll()
    format.append(parsed.bytes, to: &printed)
    try format.parse(printed.bytes, into: &restored)
    precondition(restored.bytes.elementsEqual(parsed.bytes), "\(format) reads its own text as something else")
  }

  private static func json(_ bytes: UnsafeRawBufferPointer) throws {
    var skipping = JSONReader(bytes)
    do {
      try skipping.skipValue()
      _ = try skipping.next()
    } catch {
      // The walk below finds the same.
    }
    var reader = JSONReader(bytes)
    var tokens = 0
    while true {
      let token = try reader.next()
      tokens += 1
      precondition(tokens <= bytes.count + 1, "more tokens than bytes")
      switch token {
      case .end: return
      case .key, .string:
        var output = ByteWriter()
        try reader.unescape(into: &output)
        precondition(output.count <= bytes.count * 3)
        _ = try reader.string()
      default: break
      }
    }
  }
}
