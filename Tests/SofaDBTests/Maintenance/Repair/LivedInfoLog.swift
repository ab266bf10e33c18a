@testable import SofaDB

/// What engines write into LOG about their tables, line by line.
struct LivedInfoLog {
  let isLevelDB: Bool
  private(set) var text = ""
  private var job = 0

  init(isLevelDB: Bool) { self.isLevelDB = isLevelDB }

  mutating func flush(_ table: TableMetadata) {
    job += 1
    isLevelDB ? say("Level-0 table #\(table.number): \(table.size) bytes OK") : create(table)
  }

  mutating func compact(_ inputs: [TableMetadata], _ outputs: [TableMetadata]) {
    job += 1
    let levels = Dictionary(grouping: inputs, by: \.level).sorted { $0.key < $1.key }
    let files = levels.map { level, tables in
      "\"files_L\(level)\": [" + tables.map { "\($0.number)" }.joined(separator: ", ") + "]"
    }
    if isLevelDB {
      say("Compacting \(inputs.count)@0 + 0@1 files")
      for table in outputs { say("Generated table #\(table.number)@0: 12 keys, \(table.size) bytes") }
    } else {
      tell("compaction_started", files.joined(separator: ", ") + ", \"score\": 1")
      for table in outputs { create(table) }
    }
  }

  /// The compaction that was told last is in the MANIFEST.
  mutating func finishCompaction() {
    if isLevelDB {
      say("Compacted 1@0 + 1@1 files => 345 bytes")
      say("compacted to: files[ 0 1 2 0 0 0 0 ]")
    } else {
      tell("compaction_finished", "\"output_level\": 1, \"num_output_files\": 1")
    }
  }

  mutating func delete(_ table: UInt64) {
    isLevelDB ? say("Delete type=2 #\(table)") : tell("table_file_deletion", "\"file_number\": \(table)")
  }

  private mutating func create(_ table: TableMetadata) {
    tell(
      "table_file_creation",
      "\"file_number\": \(table.number), \"file_size\": \(table.size), \"file_checksum\": \"\"")
  }

  private mutating func say(_ sentence: String) {
    text += "2026/11/23-13:34:20.763412 140284740499136 \(sentence)\n"
  }

  private mutating func tell(_ event: String, _ fields: String) {
    text += "2026/11/23-13:33:05.253152 5877 EVENT_LOG_v1 {\"time_micros\": 1795440785253140, "
    text += "\"job\": \(job), \"event\": \"\(event)\", \(fields)}\n"
  }
}
