/// One block in the list that `DumpLayout` prints.
enum LayoutRow {
  static let titles = row(["offset", "stored", "raw", "codec", "checksum", "state", "block"])

  static func text(_ block: BlockExamination) -> String {
    let checksum = block.storedChecksum.map { HexText.number(UInt64($0)) } ?? "-"
    return row([
      "\(block.handle.offset)", "\(block.handle.size)", block.rawSize.map { "\($0)" } ?? "-", block.codec ?? "-",
      checksum, block.finding?.code.rawValue ?? "ok", block.kind.name,
    ])
  }

  /// A part of the file that has no checksum of its own.
  static func line(offset: UInt64, stored: UInt64, kind: String) -> String {
    row(["\(offset)", "\(stored)", "-", "-", "-", "ok", kind])
  }

  /// Numbers to the right, words to the left, nothing cut.
  private static func row(_ cells: [String]) -> String {
    let widths = [12, 10, 10, 8, 10, 14]
    var line = ""
    for (index, cell) in cells.enumerated() {
      guard index < widths.count else { return line + cell }
      let padding = String(repeating: " ", count: max(0, widths[index] - cell.utf8.count))
      line += (index < 3 ? padding + cell : cell + padding) + "  "
    }
    return line
  }

  static func json(
    _ block: BlockExamination, separator: UnsafeRawBufferPointer?, file: String, _ style: DumpStyle,
    into json: inout JSONWriter
  ) {
    json.beginObject()
    json.field("record", "block")
    json.field("file", EscapedText.printable(file))
    json.field("kind", block.kind.name)
    json.field("offset", block.handle.offset)
    json.field("stored", block.handle.size)
    if let raw = block.rawSize { json.field("raw", raw) }
    if let codec = block.codec { json.field("codec", codec) }
    if let checksum = block.storedChecksum { json.field("checksum", HexText.number(UInt64(checksum))) }
    if let checksum = block.computedChecksum { json.field("computed", HexText.number(UInt64(checksum))) }
    json.field("ok", block.finding == nil)
    if let separator {
      json.key("up_to")
      json.value(separator, as: style.keyFormat)
    }
    json.endObject()
  }
}
