/// Short keys between two blocks, so that the index stays small: any key `s` with `last <= s < next` is as good.
///
/// The rules are those of RocksDB's comparators; LevelDB's differ slightly, and no reader depends on either.
enum Separator {
  /// Appends an internal key that is at least `last` and less than `next`, both internal keys and `last < next`.
  ///
  /// A shortened user key gets the largest trailer, so it sorts before every entry of that user key. Its kind is one
  /// that every engine knows; RocksDB stores 0x16 or 0x18 there, depending on its age.
  static func append(
    between last: UnsafeRawBufferPointer, and next: UnsafeRawBufferPointer, order: KeyOrder,
    kind: UInt8 = EntryKind.value.rawValue, into output: inout ByteWriter
  ) {
    let start = output.count
    let lastUser = last.internalKeyUserKey
    append(betweenUserKeys: lastUser, and: next.internalKeyUserKey, order: order, into: &output)
    seal(from: start, original: last, order: order, kind: kind, into: &output)
  }

  /// Appends an internal key that is at least `last`, the last key of a table.
  static func append(
    after last: UnsafeRawBufferPointer, order: KeyOrder, kind: UInt8 = EntryKind.value.rawValue,
    into output: inout ByteWriter
  ) {
    let start = output.count
    append(afterUserKey: last.internalKeyUserKey, order: order, into: &output)
    seal(from: start, original: last, order: order, kind: kind, into: &output)
  }

  /// Puts a trailer behind the shortened user key at `start`, or the original key in its place where nothing was won.
  private static func seal(
    from start: Int, original: UnsafeRawBufferPointer, order: KeyOrder, kind: UInt8, into output: inout ByteWriter
  ) {
    let user = original.internalKeyUserKey
    let shortened = UnsafeRawBufferPointer(rebasing: output.bytes[start...])
    if shortened.count <= user.count, order.compare(user, shortened) < 0 {
      output.appendFixed64(InternalKey.trailer(.maximum, kind))
    } else {
      output.truncate(to: start)
      output.append(original)
    }
  }

  /// Appends a user key `s` with `last <= s < next`; `last` itself when it cannot be shortened.
  static func append(
    betweenUserKeys last: UnsafeRawBufferPointer, and next: UnsafeRawBufferPointer, order: KeyOrder,
    into output: inout ByteWriter
  ) {
    let common = CommonPrefix.count(last, next)
    guard common < last.count, common < next.count else { return output.append(last) }
    switch order.kind {
    case .bytewise: appendBytewise(last, next, common, into: &output)
    case .reverseBytewise:
      let isShorter = last[common] > next[common] && common < last.count - 1
      output.append(isShorter ? UnsafeRawBufferPointer(rebasing: last[...common]) : last)
    case .bytewiseU64ts, .reverseBytewiseU64ts, .unknown: output.append(last)
    }
  }

  private static func appendBytewise(
    _ last: UnsafeRawBufferPointer, _ next: UnsafeRawBufferPointer, _ common: Int, into output: inout ByteWriter
  ) {
    guard last[common] < next[common] else { return output.append(last) }
    if common < next.count - 1 || last[common] + 1 < next[common] {
      return appendIncremented(last, at: common, into: &output)
    }
    // `next` ends one above: only a later byte of `last` can be raised.
    for index in (common + 1)..<last.count where last[index] != 0xFF {
      return appendIncremented(last, at: index, into: &output)
    }
    output.append(last)
  }

  /// Appends a user key that is at least `last`, short where the order allows.
  static func append(
    afterUserKey last: UnsafeRawBufferPointer, order: KeyOrder, into output: inout ByteWriter
  ) {
    if order.kind == .bytewise {
      for index in 0..<last.count where last[index] != 0xFF {
        return appendIncremented(last, at: index, into: &output)
      }
    }
    output.append(last)
  }

  private static func appendIncremented(
    _ key: UnsafeRawBufferPointer, at index: Int, into output: inout ByteWriter
  ) {
    output.append(UnsafeRawBufferPointer(rebasing: key[..<index]))
    output.append(key[index] + 1)
  }
}
