/// A version of a key that was found in a table. The value's bytes live as long as `block`.
struct TableEntry {
  /// Sequence number and kind, as seen: a global sequence number is put in.
  var trailer: UInt64
  var value: UnsafeRawBufferPointer
  var block: ByteBuffer
}
