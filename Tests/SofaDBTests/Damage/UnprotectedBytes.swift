import SofaTesting
import Testing

@testable import SofaDB

/// The bytes of a table, or of another file of a database, in which nothing can show a flipped bit, each range with its
/// reason: what the tests of single flips leave out, and all that they leave out. Footer padding, the gaps between
/// blocks and the coding of handles are not among them: `Verify` looks at those.
struct UnprotectedBytes {
  struct Range {
    var bytes: Swift.Range<Int>
    var reason: String
    /// Whether readers see other content.
    var changesContent = false
  }

  private(set) var ranges: [Range] = []

  init(_ subject: DamageSubject) throws {
    let table = try TableFile(subject.file())
    let footer = table.footer
    if (1...5).contains(footer.formatVersion) {
      let version = Int(footer.offset) + 41
      ranges.append(
        Range(
          bytes: version..<(version + 4),
          reason:
            "format_version 2 to 5 are read alike, and 1 too where no block is compressed; an unknown version, or a"
            + " wrong one that matters, is found"))
    }
    if footer.checksum == .none {
      ranges.append(
        Range(
          bytes: 0..<Int(footer.offset), reason: "blocks without checksums, which Verify says of every such table",
          changesContent: true))
    }
    guard subject.metadata == nil, let handle = try table.readMetaIndex().properties else { return }
    let block = try table.readStored(handle, kind: .properties)
    guard let place = try TableProperties.globalSequenceRange(in: block.bytes) else { return }
    let start = Int(handle.offset) + place.lowerBound
    ranges.append(
      Range(
        bytes: start..<(start + 8),
        reason: "engines overwrite the global sequence number and leave the checksum; the MANIFEST, where there is one,"
          + " knows the number", changesContent: true))
  }

  /// Those of the file `name` in a database.
  init(_ name: String, in database: DamagedDatabase) throws {
    let file = try #require(database.directory.files[name])
    let view = database.view
    func whole(_ reason: String, changesContent: Bool = false) -> [Range] {
      [Range(bytes: 0..<file.content.count, reason: reason, changesContent: changesContent)]
    }
    switch DatabaseFile(name: name) {
    case .current, .manifest: break
    case .options:
      ranges = whole(
        "OPTIONS has no checksum; of all that it says readers take the merge operators", changesContent: true)
    case .log(let number) where view.logs.contains(number):
      let log = LogExtent(file.content, number: number)
      for padding in log.padding {
        ranges.append(
          Range(bytes: padding, reason: "the end of a block, where no header fits, and which no reader looks at"))
      }
      if log.isRecycled {
        ranges.append(
          Range(
            bytes: log.end..<file.content.count,
            reason: "what a recycled log still holds of the log that the file was before"))
      }
    case .log: ranges = whole("a log whose writes are in tables already, and which no reader opens")
    case .blob(let number):
      let isLive = view.history?.version.blobFiles.contains { $0.number == number } ?? false
      if !isLive { ranges = whole("a blob file that the MANIFEST does not list") }
    case .table(let number, _):
      let isLive = view.families.contains { $0.tables.contains { $0.number == number } }
      ranges =
        isLive
        ? try UnprotectedBytes(DamageSubject.fixture("\(database)/\(name)")).ranges
        : whole("a table that the MANIFEST does not list")
    default: ranges = whole("no part of what is stored")
    }
  }

  func hides(_ byte: Int) -> Bool { ranges.contains { $0.bytes.contains(byte) } }

  func changesContent(at byte: Int) -> Bool { ranges.contains { $0.changesContent && $0.bytes.contains(byte) } }

  /// What is wrong with what a reader got from a file with a flip in `byte`; nil when nothing is.
  func judge(_ outcome: TableOutcome, whole: TableOutcome, at byte: Int) -> String? {
    switch (outcome, whole) {
    case (.content(let found), .content(let wanted)):
      if found == wanted || changesContent(at: byte) { return nil }
      return "other content"
    case (.content, .refused): return "read, although the whole table is refused"
    case (.refused(let error), _):
      guard error.kind == .corruption || error.kind == .unsupported else { return "kind of \(error)" }
      return error.file.isEmpty || error.offset == nil ? "no place in: \(error)" : nil
    }
  }
}
