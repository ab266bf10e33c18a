public import SofaDB

extension Database {
  /// All that a reader sees of a family, by a cursor.
  public func scan(
    _ family: LiveFamily? = nil, at snapshot: Snapshot? = nil
  ) throws -> [(key: [UInt8], value: [UInt8])] {
    var cursor = try cursor(in: family, at: snapshot)
    var pairs: [(key: [UInt8], value: [UInt8])] = []
    try cursor.seekToFirst()
    while cursor.isValid {
      pairs.append(([UInt8](cursor.key), [UInt8](cursor.value)))
      try cursor.next()
    }
    return pairs
  }
}
