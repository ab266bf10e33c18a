extension ContentDigest {
  /// Adds what a reader sees at `cursor`. An entity counts with its encoding (version 1) as value, and a merge that was
  /// not applied as its base, if any, and one `merge` entry an operand.
  @inline(__always)
  mutating func add(_ cursor: borrowing VisibleCursor, in family: Family) {
    if cursor.content == .value {
      add(.value, key: cursor.userKey, value: cursor.value, in: family)
    } else {
      addParts(of: cursor, in: family)
    }
  }

  @inline(never)
  private mutating func addParts(of cursor: borrowing VisibleCursor, in family: Family) {
    if cursor.content == .operands {
      if cursor.hasBase { add(.value, key: cursor.userKey, value: cursor.value, in: family) }
      for operand in cursor.operands {
        operand.withUnsafeBytes { add(.merge, key: cursor.userKey, value: $0, in: family) }
      }
    } else if let entity = cursor.entity {
      var encoded = ByteWriter()
      entity.encode(into: &encoded)
      add(.wideColumnEntity, key: cursor.userKey, value: encoded.bytes, in: family)
    }
  }
}
