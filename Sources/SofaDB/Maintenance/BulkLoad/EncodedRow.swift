/// A row on its way to a table, somewhere in memory:
///
///     u32 length of the key | u32 length of the value | key | u64 trailer | value        (host byte order)
///
/// Key and trailer together are the internal key that the table gets. While rows are sorted, the trailer's sequence is
/// the row's place in the input, or the sequence that a dump gives; the writer puts the final one in its place.
struct EncodedRow {
  static let headerSize = 8
  /// Bytes beside key and value.
  static let overhead = 16

  let base: UnsafeMutableRawPointer

  @inline(__always)
  init(_ base: UnsafeMutableRawPointer) { self.base = base }

  @inline(__always)
  var keyCount: Int { Int(base.loadUnaligned(as: UInt32.self)) }
  @inline(__always)
  var valueCount: Int { Int((base + 4).loadUnaligned(as: UInt32.self)) }
  @inline(__always)
  var count: Int { EncodedRow.overhead + keyCount + valueCount }

  @inline(__always)
  var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + 8, count: keyCount) }
  @inline(__always)
  var internalKey: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + 8, count: keyCount + 8) }
  @inline(__always)
  var value: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + 16 + keyCount, count: valueCount) }

  @inline(__always)
  var trailer: UInt64 {
    get { UInt64(littleEndian: (base + 8 + keyCount).loadUnaligned(as: UInt64.self)) }
    nonmutating set { (base + 8 + keyCount).storeBytes(of: newValue.littleEndian, as: UInt64.self) }
  }

  /// Writes a row at `base`, where `overhead + key.count + value.count` bytes are free.
  @inline(__always)
  static func write(
    key: UnsafeRawBufferPointer, trailer: UInt64, value: UnsafeRawBufferPointer, at base: UnsafeMutableRawPointer
  ) {
    base.storeBytes(of: UInt32(truncatingIfNeeded: key.count), as: UInt32.self)
    base.storeBytes(of: UInt32(truncatingIfNeeded: value.count), toByteOffset: 4, as: UInt32.self)
    let place = base + 8
    if let source = key.baseAddress { place.copyMemory(from: source, byteCount: key.count) }
    place.storeBytes(of: trailer.littleEndian, toByteOffset: key.count, as: UInt64.self)
    if let source = value.baseAddress { (place + key.count + 8).copyMemory(from: source, byteCount: value.count) }
  }
}
