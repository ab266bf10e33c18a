import Testing

/// The bytes of a buffer live as long as the buffer: one without a name may be gone before its bytes are read.
struct LifetimeTests {
  @Test func noBytesOfABufferWithoutAName() throws {
    var sources: [SwiftSource] = []
    for folder in ["Sources", "Tests"] { sources += try SourceTree.project.swift(below: folder) }
    // Functions of other types may share the name of one that makes a buffer; the project has none.
    let makers = sources.reduce(into: Set(["ByteBuffer"])) { $0.formUnion(Self.makers(in: $1)) }
    #expect(makers.contains("readExactly") && makers.contains("decompress"))
    var offences = Offences()
    for source in sources { Self.check(source, makers, &offences) }
    offences.expectNone()
  }

  @Test func theCheckSeesBuffersWithoutNames() {
    let text = """
      func make(_ a: (Int, Int)) throws -> ByteBuffer { buffer }
      func none() -> [ByteBuffer] { [] }
      use(ByteBuffer(array).bytes)
      let bytes = try make((1, 2)).bytes
      let other = ByteBuffer(InternalKey(userKey: key).bytes)
      let kept = make((1, 2))
      use(kept.bytes, none().bytes)
      """
    let source = SwiftSource(.init(path: "A.swift", text: text))
    var offences = Offences()
    Self.check(source, Self.makers(in: source).union(["ByteBuffer"]), &offences)
    #expect(offences.lines.map { $0.prefix(10) } == ["A.swift:3:", "A.swift:4:"])
  }

  /// Functions that return a buffer.
  private static func makers(in source: SwiftSource) -> Set<String> {
    let words = source.code.flatMap { SwiftSource.tokens($0) }
    var found: Set<String> = []
    for place in words.indices where words[place] == "func" && place + 2 < words.count {
      guard let open = words[place...].firstIndex(of: "("), let close = end(words, of: open) else { continue }
      let result = words[(close + 1)...].prefix(10).prefix { $0 != "{" && $0 != "}" && $0 != "func" }
      if result.suffix(3) == ["-", ">", "ByteBuffer"] { found.insert(words[place + 1]) }
    }
    return found
  }

  private static func check(_ source: SwiftSource, _ makers: Set<String>, _ offences: inout Offences) {
    let words = source.code.enumerated().flatMap { index, line in
      SwiftSource.tokens(line).map { (line: index + 1, text: $0) }
    }
    let texts = words.map(\.text)
    for place in texts.indices.dropLast() where makers.contains(texts[place]) && texts[place + 1] == "(" {
      guard place == 0 || texts[place - 1] != "func", let close = end(texts, of: place + 1) else { continue }
      guard close + 2 < texts.count, texts[close + 1] == ".", texts[close + 2] == "bytes" else { continue }
      offences.add(
        source.file.path, line: words[place].line, "bytes of a buffer without a name: bind it, and keep it alive")
    }
  }

  /// Where the parenthesis at `open` is closed.
  private static func end(_ words: [String], of open: Int) -> Int? {
    var depth = 0
    for place in words.indices[open...] {
      if words[place] == "(" { depth += 1 }
      if words[place] == ")" { depth -= 1 }
      if depth == 0 { return place }
    }
    return nil
  }
}
