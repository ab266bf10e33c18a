/// One whole scan of a family, digested as the fixtures' `expected.json` defines it.
public import SofaDB

public struct FamilyScan {
  public private(set) var entries = 0
  /// SHA-256 over `u32le(len key) key u32le(len value) value` of all pairs in order, hex.
  public let digest: String
  /// The same over all columns.
  public let entityDigest: String
  public private(set) var firstKey: [UInt8]?
  public private(set) var lastKey: [UInt8]?

  public init(_ cursor: consuming VisibleCursor) throws(DatabaseError) {
    var cursor = cursor
    var plain = SHA256()
    var entities = SHA256()
    try cursor.seekToFirst()
    while cursor.isValid {
      entries += 1
      let key = [UInt8](cursor.userKey)
      firstKey = firstKey ?? key
      lastKey = key
      let value = [UInt8](cursor.value)
      plain.update(key)
      plain.update(value)
      let columns = cursor.content == .entity ? cursor.entity?.columns ?? [] : []
      entities.update(key)
      if cursor.content == .entity {
        entities.update(count: columns.count)
        for column in columns {
          entities.update(column.name)
          entities.update(column.value)
        }
      } else {
        entities.update(count: 1)
        entities.update([])
        entities.update(value)
      }
      try cursor.next()
    }
    digest = FamilyScan.hex(plain.digest())
    entityDigest = FamilyScan.hex(entities.digest())
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}

extension SHA256 {
  fileprivate mutating func update(count: Int) {
    let number = UInt32(count).littleEndian
    withUnsafeBytes(of: number) { update($0) }
  }

  fileprivate mutating func update(_ bytes: [UInt8]) {
    update(count: bytes.count)
    bytes.withUnsafeBytes { update($0) }
  }
}
