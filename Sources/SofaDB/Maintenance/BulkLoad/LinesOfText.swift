/// Steps through the lines of a piece that ends with a newline.
struct LinesOfText {
  private let text: UnsafePointer<UInt8>
  private let length: Int
  /// Where the next line starts.
  private(set) var position = 0

  init(_ piece: UnsafeRawBufferPointer) {
    text = piece.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(bitPattern: 1)!
    length = piece.count
  }

  /// The next line without its line break; nil at the end.
  mutating func next() -> UnsafeRawBufferPointer? {
    guard position < length else { return nil }
    let start = position
    var end = start + (ByteSearch.first(0x0A, in: text + start, count: length - start) ?? length - start)
    position = end + 1
    if end > start, text[end - 1] == 0x0D { end -= 1 }
    return UnsafeRawBufferPointer(start: text + start, count: end - start)
  }
}
