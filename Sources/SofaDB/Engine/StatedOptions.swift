/// What an open database says in its OPTIONS file, so that RocksDB's tools, `sofatool` and later openings know merge
/// operators, codecs and limits. What RocksDB has no name for is left out: its own defaults then stand.
enum StatedOptions {
  static func writer(
    _ options: DatabaseOptions, _ families: [(live: LiveFamily, levels: Int)], over former: OptionsFile?
  ) -> OptionsWriter {
    OptionsWriter(
      database: database(options),
      families: families.map { family, levels in
        OptionsWriter.Family(
          name: family.name, options: StatedOptions.family(family, levels: levels), tableOptions: table(family.options))
      }, former: former)
  }

  private static func database(_ options: DatabaseOptions) -> [String: String] {
    var said = [
      "max_open_files": String(options.maxOpenTables), "max_manifest_file_size": String(options.manifestBytes),
      "max_total_wal_size": String(options.maxLogBytes ?? 0),
    ]
    let rate = options.delayedWriteBytesPerSecond
    if rate >= 1, rate < 1e15 { said["delayed_write_rate"] = String(UInt64(rate)) }
    switch options.recoveryMode {
    case .tolerateCorruptedTail: said["wal_recovery_mode"] = "kTolerateCorruptedTailRecords"
    case .absoluteConsistency: said["wal_recovery_mode"] = "kAbsoluteConsistency"
    case .pointInTime: said["wal_recovery_mode"] = "kPointInTimeRecovery"
    case .skipAnyCorrupted: said["wal_recovery_mode"] = "kSkipAnyCorruptedRecords"
    case nil: break
    }
    return said
  }

  private static func family(_ live: LiveFamily, levels: Int) -> [String: String] {
    let options = live.options
    let compaction = options.compaction
    var said = [
      "comparator": live.order.name, "num_levels": String(levels), "table_factory": "BlockBasedTable",
      "write_buffer_size": String(options.writeBufferBytes),
      "max_write_buffer_number": String(options.maxWriteBuffers),
      "level0_file_num_compaction_trigger": String(compaction.level0Trigger),
      "level0_slowdown_writes_trigger": String(options.level0SlowdownTrigger),
      "level0_stop_writes_trigger": String(options.level0StopTrigger),
      "soft_pending_compaction_bytes_limit": String(options.pendingBytesSlowdown),
      "hard_pending_compaction_bytes_limit": String(options.pendingBytesStop),
      "target_file_size_base": String(compaction.targetFileSize),
      "max_bytes_for_level_base": String(compaction.baseLevelBytes),
      "max_bytes_for_level_multiplier": "\(compaction.levelMultiplier).000000",
      "max_compaction_bytes": String(compaction.maxCompactionBytes),
      "level_compaction_dynamic_level_bytes": "true", "compression": codec(options.compression),
      "bottommost_compression": codec(options.bottomCompression),
    ]
    switch compaction.style {
    case .leveled: said["compaction_style"] = "kCompactionStyleLevel"
    case .universal:
      said["compaction_style"] = "kCompactionStyleUniversal"
      said["compaction_options_universal"] =
        "{size_ratio=\(min(compaction.sizeRatio, 1 << 30));"
        + "max_size_amplification_percent=\(min(compaction.maxSizeAmplification, 1 << 30));}"
    }
    if let merge = options.mergeOperator.flatMap(merging) { said["merge_operator"] = merge }
    if let length = options.tables.prefixLength { said["prefix_extractor"] = "rocksdb.FixedPrefix.\(length)" }
    return said
  }

  private static func table(_ options: FamilyOptions) -> [String: String] {
    let table = options.tables
    let bits = table.filterBitsPerKey
    var said = [
      "block_size": String(table.blockSize), "block_restart_interval": String(table.restartInterval),
      "index_block_restart_interval": String(table.indexRestartInterval),
      "metadata_block_size": String(table.partitionSize), "checksum": checksum(table.checksum),
      "filter_policy": bits < 0.5
        ? "nullptr" : "bloomfilter:\(bits == bits.rounded() ? String(Int(bits)) : String(bits)):false",
      "index_type": table.indexType == .twoLevel ? "kTwoLevelIndexSearch" : "kBinarySearch",
      "partition_filters": String(table.indexType == .twoLevel),
      "data_block_index_type": table.hashesDataBlocks ? "kDataBlockBinaryAndHash" : "kDataBlockBinarySearch",
      "enable_index_compression": String(table.compressesIndex),
    ]
    // LevelDB's has no number that every RocksDB takes.
    if table.formatVersion > 0 { said["format_version"] = String(table.formatVersion) }
    return said
  }

  /// nil for a name without known meaning, and for a delimiter that RocksDB's parser would change or drop.
  private static func merging(_ merge: MergeOperator) -> String? {
    switch merge {
    case .unknown: return nil
    case .stringAppend(let delimiter):
      guard isPlain(delimiter) else { return nil }
      return "{id=\(merge.name);delimiter=\(String(decoding: delimiter, as: UTF8.self));}"
    case .uint64Add, .max, .put: return merge.name
    case .custom: return isPlain(Array(merge.name.utf8)) ? merge.name : nil
    }
  }

  private static func isPlain(_ text: [UInt8]) -> Bool {
    !text.isEmpty && text.allSatisfy { (0x21...0x7E).contains($0) && !";{}=\\".utf8.contains($0) }
  }

  private static func codec(_ compression: Compression) -> String {
    switch compression {
    case .none: "kNoCompression"
    case .zstd: "kZSTD"
    case .zstdNotFinal: "kZSTDNotFinalCompression"
    default: "k\(compression.propertyName)Compression"
    }
  }

  private static func checksum(_ type: ChecksumType) -> String {
    switch type {
    case .none: "kNoChecksum"
    case .crc32c: "kCRC32c"
    case .xxHash32: "kxxHash"
    case .xxHash64: "kxxHash64"
    case .xxh3: "kXXH3"
    }
  }
}

extension FamilyOptions {
  /// The options of a family that was not named at opening: where the defaults have no merge operator, the one that
  /// the OPTIONS file tells completely. A delimiter is never guessed, because compactions would make it permanent.
  func adopting(_ stated: OptionsFile.Family?) -> FamilyOptions {
    guard mergeOperator == nil, let told = stated?.mergeOperator,
      let known = MergeOperator(name: told.name, delimiter: told.delimiter)
    else { return self }
    var options = self
    switch known {
    case .unknown, .custom: return self
    case .stringAppend: if told.delimiter != nil { options.mergeOperator = known }
    case .uint64Add, .max, .put: options.mergeOperator = known
    }
    return options
  }
}

extension FamilyOptions {
  /// Those of the family `name`: given at opening, or the defaults and what the OPTIONS file adds to them.
  static func chosen(
    _ name: String, _ given: [String: FamilyOptions], _ options: DatabaseOptions, _ stated: OptionsFile?
  ) -> FamilyOptions {
    given[name] ?? options.familyDefaults.adopting(stated?.family(named: name))
  }
}

extension Engine {
  /// What OPTIONS should say, over what the newest one says.
  func optionsWriter(over newest: OptionsFile?) -> OptionsWriter {
    let families = state.change { state in
      state.families.map { ($0.live, state.version.family($0.live.id)?.levels.count ?? ColumnFamily.usualLevels) }
    }
    return StatedOptions.writer(options, families, over: newest)
  }

  /// Writes an OPTIONS file unless the newest one says the same. One that cannot be written is reported, and does no
  /// harm: no entry is lost or misread without it.
  func stateOptions() {
    let failure = stated.change { newest -> DatabaseError? in
      let writer = optionsWriter(over: newest)
      let file = writer.file
      if file == newest { return nil }
      let number = versions.takeFileNumber()
      state.change { _ = $0.pendingFiles.insert(number) }
      defer { forget([number]) }
      do throws(DatabaseError) {
        try writer.write(number, in: directory)
        newest = file
        return nil
      } catch {
        return error
      }
    }
    if let failure { report(.optionsNotWritten(failure)) }
  }
}
