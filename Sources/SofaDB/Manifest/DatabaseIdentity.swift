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

  /// Writes and syncs the file, which must not be there.
  static func write(_ identity: String, in directory: any Directory) throws(DatabaseError) {
    var content = ByteWriter()
    content.append(utf8: identity)
    try directory.create(DatabaseFile.identity.name, holding: content.bytes)
  }
}
