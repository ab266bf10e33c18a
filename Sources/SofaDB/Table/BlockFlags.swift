/// The final word of a block: the number of restarts in the low 28 bits, features of newer engines above.
enum BlockFlags {
  static let countMask: UInt32 = 0x0FFF_FFFF
  /// A hash index sits between the restart array and the final word.
  static let hashIndex: UInt32 = 1 << 31
  static let reserved: UInt32 = 1 << 30
  /// A hint that the keys of an index block are evenly spaced; nothing moves.
  static let uniformKeys: UInt32 = 1 << 29
  /// Values lie in a section of their own behind the keys.
  static let separatedValues: UInt32 = 1 << 28
}
