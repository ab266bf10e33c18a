/// Builds one index block: separators and the handles of the blocks that they close.
///
/// A value is `varint64 offset, varint64 size`. With delta coding an entry that shares part of its key stores the
/// signed difference of the sizes instead, since its block starts where the one before ends, trailer included; and no
/// entry has a value length.
struct IndexBlockBuilder: ~Copyable {
  private var block: BlockBuilder
  private let isDelta: Bool
  private var lastKey = ByteWriter(capacity: 64)
  private var lastSize: UInt64 = 0
  private var value = ByteWriter(capacity: 32)

  init(restartInterval: Int, isDelta: Bool) {
    block = BlockBuilder(restartInterval: restartInterval)
    self.isDelta = isDelta
  }

  var isEmpty: Bool { block.isEmpty }
  /// Bytes if it were finished now.
  var size: Int { block.size }

  /// Blocks follow each other without gaps: the difference of sizes says all. `firstKey`: the first key of the block,
  /// where the index has it.
  mutating func add(_ key: UnsafeRawBufferPointer, _ handle: BlockHandle, firstKey: UnsafeRawBufferPointer? = nil) {
    let shared = block.isAtRestart ? 0 : CommonPrefix.count(lastKey.bytes, key)
    value.removeAll()
    if isDelta && shared > 0 {
      value.appendSignedVarint(Int64(bitPattern: handle.size &- lastSize))
    } else {
      handle.append(to: &value)
    }
    if let firstKey { value.appendSlice(firstKey) }
    if isDelta {
      block.addUndelimited(key, shared: shared, value: value.bytes)
    } else {
      block.add(key, shared: shared, value: value.bytes)
    }
    lastKey.truncate(to: shared)
    lastKey.append(UnsafeRawBufferPointer(rebasing: key[shared...]))
    lastSize = handle.size
  }

  mutating func finish(flags: UInt32 = 0) -> UnsafeRawBufferPointer { block.finish(flags: flags) }

  mutating func removeAll() {
    block.removeAll()
    lastKey.removeAll()
  }
}
