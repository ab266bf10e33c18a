/// Looks at some rows all over the input, to learn how keys are distributed. What it finds decides how evenly the work
/// is divided, and nothing else: rows that cannot be read are passed over.
struct KeySample<Rows: RowSource & ~Copyable>: ~Copyable {
  private var rows: Rows
  /// For each family.
  private(set) var keys: [[[UInt8]]]

  init(_ rows: consuming Rows, families: Int) {
    self.rows = rows
    keys = Array(repeating: [], count: families)
  }

  private static var blockSize: Int { 16 << 10 }
  private static var keysPerBlock: Int { 8 }

  /// About `wanted` keys of a file.
  mutating func read(_ file: any RandomAccessFile, wanted: Int) throws(DatabaseError) {
    let blocks = max(1, wanted / Self.keysPerBlock)
    let block = ByteBuffer(count: Self.blockSize)
    let step = max(UInt64(Self.blockSize), file.size / UInt64(blocks))
    var offset: UInt64 = 0
    while offset < file.size {
      let count = try file.read(into: block.memory, at: offset)
      take(UnsafeRawBufferPointer(rebasing: block.bytes[..<count]), startsInside: offset > 0, wanted: Self.keysPerBlock)
      offset += step
    }
    withExtendedLifetime(block) {}
  }

  /// About `wanted` keys of text that starts with a row.
  mutating func read(_ text: [UInt8], wanted: Int) {
    text.withUnsafeBytes { bytes in
      let blocks = max(1, wanted / Self.keysPerBlock)
      let step = max(Self.blockSize, bytes.count / blocks)
      for offset in stride(from: 0, to: bytes.count, by: step) {
        let block = UnsafeRawBufferPointer(rebasing: bytes[offset..<min(bytes.count, offset + Self.blockSize)])
        take(block, startsInside: offset > 0, wanted: Self.keysPerBlock)
      }
    }
  }

  /// Keys spread over the whole lines of `block`.
  private mutating func take(_ block: UnsafeRawBufferPointer, startsInside: Bool, wanted: Int) {
    var start = 0
    if startsInside {
      guard let newline = block.firstIndex(of: 0x0A) else { return }
      start = newline + 1
    }
    guard let last = block.lastIndex(of: 0x0A), last >= start else { return }
    let text = UnsafeRawBufferPointer(rebasing: block[start...last])
    let lines = ByteSearch.count(of: 0x0A, in: text)
    let step = max(1, lines / wanted)
    var row = 0
    // The block may start anywhere, even inside quotes: nothing is known about its form.
    rows.begin(text, isMalformed: true)
    while true {
      row += 1
      do throws(RowFault) {
        let found = try rows.next()
        if found == .end { return }
        if found == .row, row % step == 0 { keys[rows.family].append([UInt8](rows.key)) }
      } catch {
        continue
      }
    }
  }
}
