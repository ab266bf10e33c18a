/// Replays a MANIFEST.
///
/// The engines' rules for the log below it are those of `RecoveryMode.tolerateCorruptedTail`. This reader is stricter
/// where they would quietly take a shorter history: zeros before further records, and a damaged length of a record that
/// is all there or has whole records behind it, are corruption here.
public struct ManifestReader {
  private let file: any RandomAccessFile
  private var builder = VersionBuilder()
  private var records: [ManifestHistory.Record] = []
  private var recordCount = 0
  private var groupStart: UInt64?
  /// Zeros that are padding only if nothing follows.
  private var zeros: LogEvent?
  private var tail = ManifestHistory.Tail.clean

  private init(_ file: any RandomAccessFile) { self.file = file }

  /// Replays the MANIFEST that CURRENT names.
  public static func readCurrent(
    _ directory: any ReadableDirectory, keepingRecords: Bool = false
  ) throws(DatabaseError) -> ManifestHistory {
    let name = DatabaseFile.manifest(try CurrentFile.read(directory)).name
    do throws(DatabaseError) {
      return try read(directory, name: name, keepingRecords: keepingRecords)
    } catch {
      guard error.kind == .notFound else { throw error }
      throw DatabaseError(.corruption, file: directory.path, "CURRENT names \(name), which is not there")
    }
  }

  /// Replays the MANIFEST `name`, up to and including record `limit` (counted from 1) when that is given.
  public static func read(
    _ directory: any ReadableDirectory, name: String, keepingRecords: Bool = false, limit: Int? = nil
  ) throws(DatabaseError) -> ManifestHistory {
    try replay(directory.open(name), as: name, keepingRecords: keepingRecords, limit: limit)
  }

  /// Throws only what reading the file throws; damage is in the history's `tail`.
  public static func read(
    _ file: any RandomAccessFile, keepingRecords: Bool = false, limit: Int? = nil
  ) throws(DatabaseError) -> ManifestHistory {
    try replay(file, as: file.name, keepingRecords: keepingRecords, limit: limit)
  }

  private static func replay(
    _ file: any RandomAccessFile, as name: String, keepingRecords: Bool, limit: Int?
  ) throws(DatabaseError) -> ManifestHistory {
    var reader = ManifestReader(file)
    try reader.replay(keepingRecords: keepingRecords, limit: limit ?? .max)
    return ManifestHistory(
      name: name, size: file.size, version: reader.builder.build(), recordCount: reader.recordCount,
      records: reader.records, tail: reader.tail)
  }

  private mutating func replay(keepingRecords: Bool, limit: Int) throws(DatabaseError) {
    let log = LogReader(file: file, number: 0, mode: .tolerateCorruptedTail, plainOnly: true)
    reading: while recordCount + builder.heldBack < limit, let item = try log.next() {
      if let zeros {
        tail = .corrupt(corruption(zeros))
        break
      }
      switch item {
      case .event(let event):
        if note(event) { break reading }
      case .record(let record):
        guard let edit = decode(record), apply(edit, at: record) else { break reading }
        if keepingRecords {
          records.append(ManifestHistory.Record(offset: record.offset, end: record.end, edit: edit))
        }
      }
    }
    closeTail(isWhole: limit == .max)
  }

  /// Whether reading ends at the event.
  private mutating func note(_ event: LogEvent) -> Bool {
    if !Mutant.damageEndsAManifest.isOn, event.isReported || event.hidesRecord {
      tail = .corrupt(corruption(event))
      return true
    }
    switch event.cause {
    case .trailerNotZero, .ignoredType: return false
    case .zeroPadding, .zeroHeader:
      zeros = event
      return false
    default:
      tail =
        Mutant.tornManifestRefused.isOn
        ? .corrupt(corruption(event)) : .torn(offset: event.lostRecord ?? event.offset, reason: event.reason)
      return true
    }
  }

  private func corruption(_ event: LogEvent) -> DatabaseError {
    DatabaseError(.corruption, file: file.name, offset: event.lostRecord ?? event.offset, event.reason)
  }

  private mutating func decode(_ record: LogReader.Record) -> VersionEdit? {
    var decoder = VersionEditDecoder(record.bytes)
    do throws(FormatError) {
      return try decoder.decode()
    } catch {
      let tag = decoder.tag.map { ", tag \($0)" } ?? ""
      let place = error.offset.map { ", byte \($0) of the record" } ?? ""
      tail = .corrupt(
        DatabaseError(.corruption, file: file.name, offset: record.offset, "\(error.reason)\(tag)\(place)"))
      return nil
    }
  }

  private mutating func apply(_ edit: VersionEdit, at record: LogReader.Record) -> Bool {
    let held = builder.heldBack
    do throws(DatabaseError) {
      try builder.apply(edit)
    } catch {
      tail = .corrupt(DatabaseError(error.kind, file: file.name, offset: record.offset, "the edit \(error.detail)"))
      return false
    }
    if builder.heldBack > 0 {
      if held == 0 { groupStart = record.offset }
    } else {
      recordCount += held + 1
      groupStart = nil
    }
    return true
  }

  private mutating func closeTail(isWhole: Bool) {
    if case .corrupt = tail { return }
    if let zeros, case .clean = tail { tail = .torn(offset: zeros.offset, reason: zeros.reason) }
    if isWhole, let groupStart, builder.heldBack > 0 {
      tail = .torn(offset: groupStart, reason: "an atomic group is cut off")
    }
    let missing = builder.missing
    if isWhole, !missing.isEmpty {
      let names = missing.joined(separator: ", ")
      tail = .corrupt(DatabaseError(.corruption, file: file.name, "no record says: \(names)"))
    }
  }
}
