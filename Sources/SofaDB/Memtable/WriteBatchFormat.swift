/// Numbers of the write batch, the payload of a WAL record:
///
///     fixed64 sequence of the first entry   fixed32 number of entries   records...
///
/// A record is a tag byte, in column family forms the family's varint32 id, then the slices that the tag demands.
enum WriteBatchFormat {
  static let headerSize = 12

  static let logData: UInt8 = 0x03
  static let beginPrepare: UInt8 = 0x09
  static let endPrepare: UInt8 = 0x0A
  static let commit: UInt8 = 0x0B
  static let rollback: UInt8 = 0x0C
  static let noop: UInt8 = 0x0D
  static let beginPersistedPrepare: UInt8 = 0x12
  static let beginUnprepare: UInt8 = 0x13
  static let commitWithTimestamp: UInt8 = 0x15

  /// The entry that a tag stands for, and whether a family id follows the tag.
  static func entry(tag: UInt8) -> (kind: EntryKind, hasFamily: Bool)? {
    switch tag {
    case 0x00: (.deletion, false)
    case 0x01: (.value, false)
    case 0x02: (.merge, false)
    case 0x07: (.singleDeletion, false)
    case 0x0F: (.rangeDeletion, false)
    case 0x11: (.blobIndex, false)
    case 0x16: (.wideColumnEntity, false)
    case 0x18: (.valuePreferredSequence, false)
    case 0x04: (.deletion, true)
    case 0x05: (.value, true)
    case 0x06: (.merge, true)
    case 0x08: (.singleDeletion, true)
    case 0x0E: (.rangeDeletion, true)
    case 0x10: (.blobIndex, true)
    case 0x17: (.wideColumnEntity, true)
    case 0x19: (.valuePreferredSequence, true)
    default: nil
    }
  }

  /// The tag for an entry of family 0, and for one of any other family.
  static func tag(_ kind: EntryKind, hasFamily: Bool) -> UInt8 {
    switch kind {
    case .deletion, .deletionWithTimestamp: hasFamily ? 0x04 : 0x00
    case .value: hasFamily ? 0x05 : 0x01
    case .merge: hasFamily ? 0x06 : 0x02
    case .singleDeletion: hasFamily ? 0x08 : 0x07
    case .rangeDeletion: hasFamily ? 0x0E : 0x0F
    case .blobIndex: hasFamily ? 0x10 : 0x11
    case .wideColumnEntity: hasFamily ? 0x17 : 0x16
    case .valuePreferredSequence: hasFamily ? 0x19 : 0x18
    }
  }

  /// Whether an entry's record has a second slice.
  static func hasValue(_ kind: EntryKind) -> Bool { !kind.isPointTombstone }
}
