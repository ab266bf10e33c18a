/// What the last eight bytes of a file say about its format.
public enum TableMagic: Sendable, Equatable {
  /// LevelDB, and RocksDB format_version 0.
  case legacy
  /// RocksDB's block-based table, format_version 1 and up.
  case blockBased
  case plain
  case cuckoo
  case unknown(UInt64)

  static let legacyNumber: UInt64 = 0xDB47_7524_8B80_FB57
  static let blockBasedNumber: UInt64 = 0x88E2_41B7_85F4_CFF7

  /// Looks at the end of `tail`, which holds at least eight bytes.
  public init(_ tail: UnsafeRawBufferPointer) {
    precondition(tail.count >= 8)
    let number = UInt64(littleEndian: tail.loadUnaligned(fromByteOffset: tail.count - 8, as: UInt64.self))
    self =
      switch number {
      case TableMagic.legacyNumber: .legacy
      case TableMagic.blockBasedNumber: .blockBased
      case 0x8242_2296_63BF_9564, 0x4F34_18EB_7A8F_13B8: .plain
      case 0x9267_89D0_C5F1_7873: .cuckoo
      default: .unknown(number)
      }
  }
}
