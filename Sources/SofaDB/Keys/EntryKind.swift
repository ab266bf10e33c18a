/// What an entry does to its key: the low byte of an internal key's trailer (`ValueType` in RocksDB's terms).
public enum EntryKind: UInt8, Sendable, CaseIterable {
  case deletion = 0x00
  case value = 0x01
  case merge = 0x02
  case singleDeletion = 0x07
  case rangeDeletion = 0x0F
  case blobIndex = 0x11
  case deletionWithTimestamp = 0x14
  case wideColumnEntity = 0x16
  case valuePreferredSequence = 0x18

  /// Sorts before every stored kind of the same sequence: for seeks only, never stored.
  public static let seek: UInt8 = 0x7F

  /// Whether it hides older entries without giving a value.
  public var isPointTombstone: Bool {
    self == .deletion || self == .singleDeletion || self == .deletionWithTimestamp
  }

  /// The `op` of dumps.
  public var name: String {
    switch self {
    case .deletion: "delete"
    case .value: "put"
    case .merge: "merge"
    case .singleDeletion: "single-delete"
    case .rangeDeletion: "range-delete"
    case .blobIndex: "blob"
    case .deletionWithTimestamp: "delete"
    case .wideColumnEntity: "entity"
    case .valuePreferredSequence: "put"
    }
  }
}
