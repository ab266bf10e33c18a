/// Point reads of tables: index, data block, entry, without a cursor. Nothing is allocated but blocks that are not in
/// the cache. Any thread, any time.
extension TableReader {
  enum Probed {
    case absent
    case found(TableEntry)
    /// Only a cursor can tell: keys carry timestamps, values are separated, or versions go on in the next block.
    case unclear
  }

  /// The newest version of `userKey`, given without timestamp, with a sequence number up to `snapshot`. The filter is
  /// not asked.
  func probe(_ userKey: UnsafeRawBufferPointer, at snapshot: SequenceNumber) throws(DatabaseError) -> Probed {
    guard order.isKnown else {
      throw DatabaseError(
        .unsupported, file: name, "the comparator \"\(order.name)\" is not known, so nothing can be sought")
    }
    guard order.timestampSize == 0 else { return .unclear }
    guard globalSequence <= snapshot else { return .absent }
    // Stored sequence numbers mean nothing where a global one replaces them.
    let trailer = globalSequence == 0 ? InternalKey.trailer(snapshot, 0xFF) : .max
    let sought = SoughtKey(userKey, trailer: trailer, order: order)
    guard let target = try dataBlock(for: sought) else { return .absent }
    let block = try dataBlock(at: target.handle)
    defer { withExtendedLifetime(block) {} }
    do throws(FormatError) {
      var probe = try BlockProbe(block.bytes, sought)
      if probe.hasSeparatedValues { return .unclear }
      switch try probe.findEntry() {
      case .absent: return .absent
      case .ended: return target.continues ? .unclear : .absent
      case .found:
        var trailer = probe.trailer
        guard TableCursor.isDataKind(UInt8(truncatingIfNeeded: trailer)) else {
          throw FormatError("unknown kind of entry")
        }
        if globalSequence != 0 { trailer = globalSequence << 8 | trailer & 0xFF }
        return .found(TableEntry(trailer: trailer, value: probe.value, block: block))
      }
    } catch {
      throw file.corruption(error, .data, at: target.handle)
    }
  }

  /// The data block that holds the key if any does; nil when all of the table is before it.
  private func dataBlock(for sought: SoughtKey) throws(DatabaseError) -> BlockProbe.Target? {
    let isTwoLevel = indexFormat.kind == .twoLevel
    let keysAreUserKeys = indexFormat.keysAreUserKeys
    let top: BlockProbe.Target?
    do throws(FormatError) {
      var probe = try BlockProbe(indexBlock.bytes, sought)
      top = try probe.findBlock(keysAreUserKeys: keysAreUserKeys, layout: indexFormat.layout(topLevel: isTwoLevel))
    } catch {
      throw file.corruption(error, .index, at: indexHandle)
    }
    guard isTwoLevel, let top else { return top }
    let partition = try indexPartition(at: top.handle)
    defer { withExtendedLifetime(partition) {} }
    do throws(FormatError) {
      var probe = try BlockProbe(partition.bytes, sought)
      let target = try probe.findBlock(keysAreUserKeys: keysAreUserKeys, layout: indexFormat.layout(topLevel: false))
      // The separator of a partition is that of its last block.
      guard let target else { throw FormatError("index partition ends before its separator") }
      return target
    } catch {
      throw file.corruption(error, .indexPartition, at: top.handle)
    }
  }

  private func indexPartition(at handle: BlockHandle) throws(DatabaseError) -> ByteBuffer {
    if let block = cache?.block(handle) { return block }
    let block = try file.readBlock(handle, kind: .indexPartition)
    cache?.keep(block, handle, isPriority: true)
    return block
  }

  private func dataBlock(at handle: BlockHandle) throws(DatabaseError) -> ByteBuffer {
    if let block = cache?.block(handle) { return block }
    let block = try file.readBlock(handle, kind: .data, dictionary: dictionary)
    cache?.keep(block, handle)
    return block
  }
}
