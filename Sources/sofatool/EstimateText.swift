import CommandKit
import SofaDB

/// What `convert-compression --estimate` found, as a table for people or as NDJSON.
struct EstimateText {
  private let estimate: CompressionEstimate
  private let status: ExitStatus

  init(_ estimate: CompressionEstimate, status: ExitStatus) {
    self.estimate = estimate
    self.status = status
  }

  func write(to console: Console, asJSON: Bool) throws {
    guard asJSON else { return try console.output.write(text) }
    var json = JSONWriter()
    encode(estimate.present, isPresent: true, into: &json)
    for row in estimate.rows { encode(row, isPresent: false, into: &json) }
    encodeSummary(into: &json)
    try console.output.write(json.output.bytes)
  }

  private var text: String {
    var table = TextTable([
      .left("codec"), .right("ratio"), .right("95 %"), .right("compress"), .right("decompress"), .right("size"),
      .right("95 %"), .right("time"),
    ])
    let now = estimate.present
    table.add([
      "as it is", decimal(now.ratio.value), range(now.ratio), "-", rate(now.decompressRate),
      Quantity.bytes(UInt64(now.size.value)), "-", "-",
    ])
    for row in estimate.rows {
      let dictionary = row.target.dictionarySize
      table.add([
        row.target.text + (dictionary > 0 ? " + \(Quantity.exactSize(dictionary))" : ""), decimal(row.ratio.value),
        range(row.ratio), rate(row.compressRate), rate(row.decompressRate), Quantity.bytes(UInt64(row.size.value)),
        "\(Quantity.bytes(UInt64(row.size.low))) - \(Quantity.bytes(UInt64(row.size.high)))",
        Quantity.seconds(row.seconds),
      ])
    }
    let blocks = "\(Quantity.grouped(estimate.sampledBlocks)) blocks of \(Quantity.grouped(estimate.sampledTables))"
    return "\(Quantity.grouped(estimate.tables)) tables, \(Quantity.bytes(estimate.fileBytes)); measured on \(blocks)"
      + " tables, \(Quantity.bytes(estimate.sampledBytes)) uncompressed\n\n" + table.text()
  }

  private func decimal(_ value: Double) -> String { Quantity.decimal(value, digits: 2) }
  private func range(_ interval: CompressionEstimate.Interval) -> String {
    "\(decimal(interval.low)) - \(decimal(interval.high))"
  }
  private func rate(_ bytes: Double) -> String {
    bytes > 0 ? Quantity.rate(bytes: Int(min(bytes, 1e15)), seconds: 1) : "-"
  }

  private func encode(_ row: CompressionEstimate.Row, isPresent: Bool, into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", isPresent ? "present" : "estimate")
    json.field("schema", 1)
    if !isPresent {
      json.field("codec", row.target.codec.name)
      json.key("level")
      if let level = row.target.level { json.value(level) } else { json.null() }
      json.field("dictionary_size", row.target.dictionarySize)
    }
    encode("ratio", row.ratio, into: &json)
    json.field("compress_bytes_per_second", row.compressRate)
    json.field("decompress_bytes_per_second", row.decompressRate)
    encode("bytes", row.size, into: &json)
    json.field("seconds", row.seconds)
    json.endObject()
    json.newline()
  }

  private func encode(_ name: String, _ interval: CompressionEstimate.Interval, into json: inout JSONWriter) {
    json.field(name, interval.value)
    json.field(name + "_low", interval.low)
    json.field(name + "_high", interval.high)
  }

  private func encodeSummary(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "summary")
    json.field("schema", 1)
    json.field("tables", estimate.tables)
    json.field("file_bytes", estimate.fileBytes)
    json.field("data_bytes", estimate.dataBytes)
    json.field("uncompressed_bytes", estimate.rawBytes)
    json.field("sampled_tables", estimate.sampledTables)
    json.field("sampled_blocks", estimate.sampledBlocks)
    json.field("sampled_bytes", estimate.sampledBytes)
    json.field("refused", estimate.refused.count)
    json.field("exit_status", Int(status.code))
    json.endObject()
    json.newline()
  }
}
