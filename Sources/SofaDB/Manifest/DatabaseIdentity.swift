/// The file `IDENTITY`: a name that no other database has, as RocksDB gives one to each.
enum DatabaseIdentity {
  /// A random UUID.
  static func random() -> String {
    var bytes: [UInt8] = []
    for _ in 0..<2 { withUnsafeBytes(of: UInt64.random(in: 0...UInt64.max)) { bytes += $0 } }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    var text = TextFormat.hex.text(bytes)
    for offset in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: offset)) }
    return text
  }

  /// The longest that is read, in bytes; it has 36.
  private static let limit: UInt64 = 1 << 10

  /// What the file says; nil when it is missing or empty.
  static func read(in directory: any ReadableDirectory) throws(DatabaseError) -> String? {
    guard try directory.attributes(of: DatabaseFile.identity.name) != nil else { return nil }
    let file = try directory.open(DatabaseFile.identity.name)
    let bytes = try file.copy(Int(min(file.size, limit)), at: 0)
    let text = String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    return text.isEmpty ? nil : text
  }

  /// A new session on a database; `recorded` is the name that its MANIFEST has.
  static func newSession(
    _ recorded: String?, in directory: any ReadableDirectory
  ) throws(DatabaseError) -> TableOrigin {
    if let recorded { return .newSession(of: recorded) }
    return .newSession(of: try read(in: directory) ?? "")
  }

  /// Writes and syncs the file, which must not be there.
  static func write(_ identity: String, in directory: any Directory) throws(DatabaseError) {
    var content = ByteWriter()
    content.append(utf8: identity)
    try directory.create(DatabaseFile.identity.name, holding: content.bytes)
  }
}
