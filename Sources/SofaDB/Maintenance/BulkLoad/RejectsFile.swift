/// The bad rows of a load as they stood in the input, under the header if there was one, so that they can be corrected
/// and loaded again; and beside it, line by line, `NAME.reasons` with input, line and reason.
///
/// Both are written under other names and get their own when the load succeeds. A pair of an earlier load is replaced;
/// a file without its reasons is somebody else's and refused.
final class RejectsFile: @unchecked Sendable {
  static let suffix = ".reasons"
  private static let partial = ".rejects-partial"

  private let directory: any Directory
  private let name: String
  private let rows: any AppendFile
  private let reasons: any AppendFile
  private var rowBuffer = ByteWriter(capacity: 1 << 16)
  private var reasonBuffer = ByteWriter(capacity: 1 << 16)

  private var reasonsName: String { name + RejectsFile.suffix }
  private var partialName: String { name + RejectsFile.partial }
  private var partialReasonsName: String { name + RejectsFile.suffix + RejectsFile.partial }

  /// `header`: the header row without its line break.
  init(_ path: String, header: [UInt8]?, in fileSystem: any FileSystem) throws(DatabaseError) {
    let parts = try PathParts(path)
    name = parts.name
    directory = try fileSystem.directory(at: parts.directory)
    if try directory.attributes(of: name) != nil, try directory.attributes(of: name + RejectsFile.suffix) == nil {
      throw DatabaseError(.alreadyExists, file: path, "it exists and is no rejects file of an earlier load")
    }
    rows = try RejectsFile.create(name + RejectsFile.partial, in: directory)
    do throws(DatabaseError) {
      reasons = try RejectsFile.create(name + RejectsFile.suffix + RejectsFile.partial, in: directory)
    } catch {
      try rows.close()
      try directory.remove(name + RejectsFile.partial)
      throw error
    }
    if let header {
      rowBuffer.append(header)
      rowBuffer.append(0x0A)
    }
  }

  private static func create(_ name: String, in directory: any Directory) throws(DatabaseError) -> any AppendFile {
    if try directory.attributes(of: name) != nil { try directory.remove(name) }
    return try directory.create(name)
  }

  func append(_ row: BadRows.Row, of source: String) throws(DatabaseError) {
    rowBuffer.append(row.text)
    rowBuffer.append(0x0A)
    reasonBuffer.append(utf8: "\(EscapedText.printable(source)): line \(row.line): \(row.reason)\n")
    if rowBuffer.count + reasonBuffer.count > 1 << 17 { try flush() }
  }

  private func flush() throws(DatabaseError) {
    try rows.append(rowBuffer.bytes)
    rowBuffer.removeAll()
    try reasons.append(reasonBuffer.bytes)
    reasonBuffer.removeAll()
  }

  /// Makes both files durable under their names.
  func commit() throws(DatabaseError) {
    try flush()
    for file in [rows, reasons] {
      try file.sync()
      try file.close()
    }
    try directory.rename(partialReasonsName, to: reasonsName, replacing: true)
    // The reasons are what tells the next load that the other file is its own.
    try directory.sync()
    try directory.rename(partialName, to: name, replacing: true)
    try directory.sync()
  }

  /// Removes what was written, as far as that works.
  func discard() {
    for file in [rows, reasons] {
      do throws(DatabaseError) { try file.close() } catch { /* It is being removed. */  }
    }
    for name in [partialName, partialReasonsName] {
      do throws(DatabaseError) {
        if try directory.attributes(of: name) != nil { try directory.remove(name) }
      } catch {
        // Whoever discards has an error that says more; the next load with this name removes the rest.
      }
    }
  }
}
