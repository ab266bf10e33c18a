extension RandomAccessFile {
  /// A few bytes as a value of their own; `corruption` where the file ends sooner.
  func copy(_ length: Int, at offset: UInt64) throws(DatabaseError) -> [UInt8] {
    let buffer = try readExactly(length, at: offset)
    return withExtendedLifetime(buffer) { [UInt8](buffer.bytes) }
  }
}
