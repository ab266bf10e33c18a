/// The KEY arguments of commands: escaped text, or one of the prefixes below.
///
///     0x6b65, hex:6b65   hex digits
///     base64:a2U=        base64
///     u64be:17           and the other formats of `TextFormat`, by name
///     escaped:a\x00      escaped text, said explicitly
///     raw:a\x00          everything after the colon as it is
///
/// A prefix that names no format is part of the text: `user:17` is seven bytes.
public enum KeyText {
  /// The bytes that `argument` stands for. The error's offset counts bytes of `argument`, for a caret below it.
  public static func parse(_ argument: String) throws(FormatError) -> [UInt8] {
    let text = [UInt8](argument.utf8)
    var output = ByteWriter(capacity: text.count + 16)
    try parse(text, into: &output)
    return output.array
  }

  private static func parse(_ text: [UInt8], into output: inout ByteWriter) throws(FormatError) {
    let (format, start) = prefix(of: text)
    var failure: FormatError?
    text.withUnsafeBytes { bytes in
      let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
      do throws(FormatError) {
        if let format { try format.parse(rest, into: &output) } else { output.append(rest) }
      } catch {
        failure = FormatError(error.reason, at: error.offset.map { $0 + start })
      }
    }
    if let failure { throw failure }
  }

  /// The format that `text` asks for and where its digits start; no format for `raw:`.
  private static func prefix(of text: [UInt8]) -> (format: TextFormat?, start: Int) {
    if text.starts(with: "0x".utf8) || text.starts(with: "0X".utf8) { return (.hex, 2) }
    if text.starts(with: "raw:".utf8) { return (nil, 4) }
    for format in TextFormat.allCases where text.starts(with: "\(format.rawValue):".utf8) {
      return (format, format.rawValue.utf8.count + 1)
    }
    return (.escaped, 0)
  }

  /// A caret line for an error of `parse`, to print below the argument: blanks up to the byte's column, then "^".
  public static func caret(below argument: String, at offset: Int) -> String {
    // Columns are characters, offsets are bytes.
    let columns = String(decoding: argument.utf8.prefix(offset), as: UTF8.self).count
    return String(repeating: " ", count: columns) + "^"
  }
}
