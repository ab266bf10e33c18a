/// The report as JSON lines: one `info` record, one `table` record a table, one `finding` record a finding. Keys are
/// never renamed, and are absent where nothing is known. Sizes are bytes, times RFC 3339 in UTC.
extension InspectReport {
  /// `showKeys`: whether first and last keys may appear.
  public func encode(into json: inout JSONWriter, showKeys: Bool = false) {
    encodeHead(into: &json)
    json.newline()
    for table in tables {
      table.encode(into: &json, showKeys: showKeys)
      json.newline()
    }
    for finding in findings { finding.encode(into: &json, showKeys: showKeys) }
  }

  private func encodeHead(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "info")
    json.field("schema", 1)
    json.field("path", EscapedText.printable(path))
    json.field("kind", kind.rawValue)
    json.field("engine", engine.rawValue)
    json.optional("engine_version", engineVersion)
    json.optional("written_from", writtenBy?.from?.description)
    json.optional("written_before", writtenBy?.before?.description)
    json.optional("options", optionsName)
    json.optional("identity", identity)
    json.optional("last_sequence", lastSequence)
    encodeCompatibility(into: &json)
    encodeManifest(into: &json)
    encodeTotals(into: &json)
    json.array("families", families) { json, family in family.encode(into: &json) }
    json.array("logs", logs) { json, log in log.encode(into: &json) }
    json.array("blob_files", blobFiles) { json, file in file.encode(into: &json) }
    json.array("remarks", remarks) { json, remark in
      json.beginObject()
      json.field("code", remark.code)
      json.field("detail", EscapedText.printable(remark.detail))
      json.endObject()
    }
    json.endObject()
  }

  private func encodeCompatibility(into json: inout JSONWriter) {
    json.key("opens_with")
    json.beginObject()
    json.field("leveldb", engine == .levelDB)
    json.optional("rocksdb_from", opensFrom?.description)
    json.optional("rocksdb_before", opensBefore?.description)
    json.array("features", features) { json, feature in
      json.beginObject()
      json.field("feature", feature.name)
      json.field("since", feature.since.description)
      json.endObject()
    }
    json.endObject()
  }

  private func encodeManifest(into json: inout JSONWriter) {
    guard let manifest else { return }
    json.key("manifest")
    json.beginObject()
    json.field("file", EscapedText.printable(manifest.name))
    json.field("bytes", manifest.size)
    json.field("records", manifest.records)
    json.field("tail", manifest.tail)
    json.field("current", manifest.isCurrent)
    json.endObject()
  }

  private func encodeTotals(into json: inout JSONWriter) {
    json.key("tables")
    json.beginObject()
    json.field("files", tables.count)
    json.field("bytes", tableBytes)
    json.optional("entries", sum(\.entries) ?? visibleEntries)
    json.optional("deletions", sum(\.deletions))
    json.optional("range_deletions", sum(\.rangeDeletions))
    json.optional("merge_operands", sum(\.mergeOperands))
    json.optional("data_blocks", sum(\.dataBlocks))
    json.optional("data_bytes", sum(\.dataSize))
    json.optional("raw_bytes", sum(\.rawSize))
    json.optional("filter_bytes", sum(\.filterSize))
    json.optional("created_from", created.map { UTCTime.text($0.lowerBound) })
    json.optional("created_to", created.map { UTCTime.text($0.upperBound) })
    json.optional("modified_from", modified.map { UTCTime.text($0.lowerBound) })
    json.optional("modified_to", modified.map { UTCTime.text($0.upperBound) })
    json.endObject()
    json.field("pending_entries", pendingEntries)
    encode("codecs", "codec", shares(\.codec), into: &json)
    json.array("sampled_blocks", sampledBlocks) { json, sample in
      json.beginObject()
      json.field("codec", EscapedText.printable(sample.codec))
      json.field("bytes", sample.bytes)
      json.endObject()
    }
    encode("filters", "filter", shares(\.filter), into: &json)
    encode("format_versions", "format_version", shares { $0.formatVersion?.description }, into: &json)
    encode("checksums", "checksum", shares { $0.checksum?.name }, into: &json)
    encode("indexes", "index", shares(\.index), into: &json)
  }

  private func encode(_ key: String, _ name: String, _ shares: [Share], into json: inout JSONWriter) {
    json.array(key, shares) { json, share in
      json.beginObject()
      json.field(name, EscapedText.printable(share.name))
      json.field("tables", share.tables)
      json.field("bytes", share.bytes)
      json.endObject()
    }
  }
}

extension InspectedFamily {
  func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("cf", EscapedText.printable(name))
    json.optional("id", id.map(UInt64.init))
    json.optional("comparator", comparator)
    json.field("order_known", order.isKnown)
    json.optional("merge_operator", mergeOperator)
    json.optional("block_size", blockSize)
    json.field("files", files)
    json.field("bytes", bytes)
    json.optional("entries", entries)
    json.optional("deletions", deletions)
    json.field("pending_entries", pendingEntries)
    json.array("levels", levels) { json, level in level.encode(into: &json) }
    json.endObject()
  }
}

extension InspectedLevel {
  func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.optional("level", number.map(UInt64.init(clamping:)))
    json.field("files", files)
    json.field("bytes", bytes)
    json.optional("entries", entries)
    json.optional("deletions", deletions)
    json.field("files_without_counts", silent)
    json.optional("seq_from", smallestSequence)
    json.optional("seq_to", largestSequence)
    json.optional("created_from", oldest.map(UTCTime.text))
    json.optional("created_to", newest.map(UTCTime.text))
    json.endObject()
  }
}

extension InspectedLog {
  func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("file", EscapedText.printable(name))
    json.field("bytes", size)
    json.field("pending", isPending)
    json.optional("entries", entries)
    json.endObject()
  }
}

extension InspectedBlobFile {
  func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("file", EscapedText.printable(name))
    json.field("cf", EscapedText.printable(family))
    json.optional("bytes", size)
    json.field("values", metadata.count)
    json.field("value_bytes", metadata.bytes)
    json.field("garbage_values", metadata.garbageCount)
    json.field("garbage_bytes", metadata.garbageBytes)
    json.optional("codec", codec)
    json.endObject()
  }
}

extension InspectedTable {
  /// One `table` record, without a newline.
  public func encode(into json: inout JSONWriter, showKeys: Bool) {
    json.beginObject()
    json.field("record", "table")
    json.field("schema", 1)
    json.field("file", EscapedText.printable(name))
    json.field("cf", EscapedText.printable(family))
    json.optional("level", level.map(UInt64.init(clamping:)))
    json.field("bytes", size)
    json.field("state", state.rawValue)
    json.optional("refusal", refusal)
    json.optional("worst", worst?.rawValue)
    json.optional("entries", entries)
    json.optional("deletions", deletions)
    json.optional("range_deletions", rangeDeletions)
    json.optional("merge_operands", mergeOperands)
    json.optional("seq_from", smallestSequence)
    json.optional("seq_to", largestSequence)
    if showKeys, let smallest { json.field("from", smallest, as: .escaped) }
    if showKeys, let largest { json.field("to", largest, as: .escaped) }
    json.optional("data_blocks", dataBlocks)
    json.optional("data_bytes", dataSize)
    json.optional("raw_bytes", rawSize)
    json.optional("codec", codec)
    json.optional("filter", filter)
    if let bits = filterBitsPerKey { json.field("filter_bits_per_key", (bits * 10).rounded() / 10) }
    json.optional("format_version", formatVersion.map(UInt64.init))
    json.optional("checksum", checksum?.name)
    json.optional("index", index)
    json.optional("comparator", comparator)
    json.optional("merge_operator", mergeOperator)
    json.field("external", isExternal)
    json.optional("created", created.map(UTCTime.text))
    json.optional("modified", modified.map(UTCTime.text))
    json.endObject()
  }
}

extension JSONWriter {
  fileprivate mutating func optional(_ name: String, _ text: String?) {
    if let text { field(name, EscapedText.printable(text)) }
  }

  fileprivate mutating func optional(_ name: String, _ number: UInt64?) {
    if let number { field(name, number) }
  }

  fileprivate mutating func array<Element>(
    _ name: String, _ elements: [Element], _ each: (inout JSONWriter, Element) -> Void
  ) {
    key(name)
    beginArray()
    for element in elements { each(&self, element) }
    endArray()
  }
}
