/// A footer that one flipped bit made unreadable. Before format_version 6 no checksum covers it: the proof is that it
/// then decodes and leads to a metaindex and an index whose checksums hold.
struct MendedFooter {
  let patch: BytePatch
  let table: TableFile

  /// nil when no flip, or more than one, makes sense.
  static func search(_ file: any RandomAccessFile) throws(DatabaseError) -> MendedFooter? {
    let length = min(file.size, UInt64(Footer.longestSize))
    guard length >= UInt64(Footer.legacySize) else { return nil }
    let start = file.size - length
    let bytes = try file.readExactly(Int(length), at: start)
    defer { withExtendedLifetime(bytes) {} }
    var found: MendedFooter?
    for position in 0..<Int(length) {
      for bit in 0..<8 {
        let patch = BytePatch(offset: start + UInt64(position), byte: bytes.bytes[position] ^ (1 << UInt8(bit)))
        guard let table = try proven(PatchedFile(file, [patch])) else { continue }
        guard found == nil else { return nil }
        found = MendedFooter(patch: patch, table: table)
      }
    }
    return found
  }

  private static func proven(_ file: PatchedFile) throws(DatabaseError) -> TableFile? {
    do throws(DatabaseError) {
      let table = try TableFile(file)
      let metaIndex = try table.readMetaIndex()
      _ = try table.readBlock(table.indexHandle(metaIndex), kind: .index)
      return table
    } catch {
      guard error.kind == .corruption || error.kind == .unsupported else { throw error }
      return nil
    }
  }
}
