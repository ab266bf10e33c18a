/// What is remembered of one file that was checked in full.
struct ScrubRecord: Sendable, Equatable {
  /// What must be the same for a file to be the one that was checked.
  struct Identity: Sendable, Equatable {
    /// Bytes.
    var size: UInt64 = 0
    /// Of the last change: seconds since 1970, and the rest in nanoseconds.
    var modified: Int64 = 0
    var modifiedNanoseconds: Int64 = 0
    var fileID: UInt64 = 0
    var device: UInt64 = 0

    init() {}

    init(_ attributes: FileAttributes) {
      size = attributes.size
      modified = attributes.modified
      modifiedNanoseconds = attributes.modifiedNanoseconds
      fileID = attributes.fileID
      device = attributes.device
    }
  }

  var name: String
  var identity: Identity
  /// When, in seconds since 1970.
  var verified: UInt64
  /// In which round.
  var round: UInt64
  var level: VerifyLevel
  var outcome: AuditOutcome
}

extension ScrubRecord {
  /// Appends a line for the file and one for each of its findings. Key bounds stay out: they are the user's data.
  func encode(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "file")
    json.field("name", name)
    json.field("size", identity.size)
    json.field("modified", "\(identity.modified).\(identity.modifiedNanoseconds)")
    json.field("file_id", identity.fileID)
    json.field("device", identity.device)
    json.field("verified", verified)
    json.field("round", round)
    json.field("level", level.rawValue)
    if let compression = outcome.compression { json.field("compression", UInt64(compression)) }
    json.endObject()
    json.newline()
    for (blob, compressions) in outcome.blobReferences.sorted(by: { $0.key < $1.key }) {
      for compression in compressions.sorted() {
        json.beginObject()
        json.field("record", "blob-reference")
        json.field("blob", blob)
        json.field("compression", UInt64(compression))
        json.endObject()
        json.newline()
      }
    }
    for finding in outcome.findings { finding.encodeMemory(into: &json) }
  }

  /// `1700000000.5`: seconds and nanoseconds, each a whole number.
  static func moment(_ text: String) throws(FormatError) -> (seconds: Int64, nanoseconds: Int64) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let seconds = Int64(parts[0]), let nanoseconds = Int64(parts[1]) else {
      throw FormatError("not a time")
    }
    return (seconds, nanoseconds)
  }
}

extension Finding {
  /// Appends the finding as it is, to be read back: nothing is escaped for eyes.
  fileprivate func encodeMemory(into json: inout JSONWriter) {
    json.beginObject()
    json.field("record", "finding")
    json.field("severity", severity.rawValue)
    json.field("code", code.rawValue)
    if let file { json.field("file", file) }
    if let family { json.field("cf", family) }
    if let level { json.field("level", UInt64(level)) }
    if let offset { json.field("offset", offset) }
    if let length { json.field("length", length) }
    if let block { json.field("block", block.rawValue) }
    if let stored { json.field("stored", stored) }
    if let computed { json.field("computed", computed) }
    if let firstSequence { json.field("seq_from", firstSequence) }
    if let lastSequence { json.field("seq_to", lastSequence) }
    if let cause { json.field("cause", cause) }
    json.field("detail", detail)
    json.endObject()
    json.newline()
  }
}
