/// The meta blocks of a table, one step each.
extension TableFile {
  public func readMetaIndex() throws(DatabaseError) -> MetaIndex {
    let contents = try readBlock(footer.metaindex, kind: .metaindex)
    defer { withExtendedLifetime(contents) {} }
    do throws(FormatError) {
      return try MetaIndex(decoding: contents.bytes)
    } catch {
      throw corruption(error, .metaindex, at: footer.metaindex)
    }
  }

  /// The properties; nil where there are none, in LevelDB's tables. A checksum that only matches with the global
  /// sequence number taken as zero is right: engines overwrite that number in place.
  public func readProperties(_ metaIndex: MetaIndex) throws(DatabaseError) -> TableProperties? {
    guard let handle = metaIndex.properties else { return nil }
    let block = try readStored(handle, kind: .properties)
    if !block.isIntact, !hasOverwrittenSequence(block) { try verify(block) }
    let contents = try contents(of: block)
    defer { withExtendedLifetime(contents) {} }
    do throws(FormatError) {
      return try TableProperties(decoding: contents.bytes)
    } catch {
      throw corruption(error, .properties, at: handle)
    }
  }

  /// Whether a properties block matches its checksum once the global sequence number in it is zero.
  public func hasOverwrittenSequence(_ block: StoredBlock) -> Bool {
    guard block.trailer.compressionByte == Compression.none.rawValue else { return false }
    do throws(FormatError) {
      guard let range = try TableProperties.globalSequenceRange(in: block.bytes) else { return false }
      let copy = ByteBuffer(copying: block.bytes)
      defer { withExtendedLifetime(copy) {} }
      for index in range { copy.memory[index] = 0 }
      let computed = footer.blockChecksum(copy.bytes, type: 0, at: block.handle.offset)
      return computed == block.trailer.checksum
    } catch {
      return false
    }
  }

  /// The range tombstones as stored: sequence numbers and timestamps are those of the file.
  public func readRangeDeletions(_ metaIndex: MetaIndex) throws(DatabaseError) -> [RangeTombstone] {
    guard let handle = metaIndex.rangeDeletions else { return [] }
    let contents: ByteBuffer
    do throws(DatabaseError) { contents = try readBlock(handle, kind: .rangeDeletions) } catch {
      if Mutant.rangeDeletionsDropped.isOn { return [] }
      throw error
    }
    defer { withExtendedLifetime(contents) {} }
    do throws(FormatError) {
      return try RangeTombstone.decode(contents.bytes)
    } catch {
      throw corruption(error, .rangeDeletions, at: handle)
    }
  }

  /// The dictionary of the data blocks, if they have one.
  public func readDictionary(_ metaIndex: MetaIndex) throws(DatabaseError) -> CompressionDictionary? {
    guard let handle = metaIndex.dictionary else { return nil }
    let contents = try readBlock(handle, kind: .dictionary)
    defer { withExtendedLifetime(contents) {} }
    do throws(FormatError) {
      return try CompressionDictionary(contents.bytes)
    } catch {
      throw corruption(error, .dictionary, at: handle)
    }
  }

  /// Where the index is.
  public func indexHandle(_ metaIndex: MetaIndex) throws(DatabaseError) -> BlockHandle {
    guard let handle = footer.index ?? metaIndex.index else {
      throw DatabaseError(
        .corruption, file: file.name, offset: footer.metaindex.offset, "metaindex block: no index in it")
    }
    return handle
  }

  /// The payload of a record between data blocks that a blob reference to file number 0 names.
  public func readEmbeddedBlob(offset: UInt64, size: UInt64) throws(DatabaseError) -> ByteBuffer {
    let handle = BlockHandle(offset: offset, size: size)
    return try readBlock(handle, kind: .embeddedBlob)
  }
}
