/// The file `CURRENT`: the name of the live MANIFEST and one newline. Switching it is the commit point of every change
/// of a database.
public enum CurrentFile {
  public static let name = "CURRENT"

  /// Digits that a MANIFEST's name has.
  private static let digits = 6...20
  private static let prefix = Array("MANIFEST-".utf8)

  /// The number of the MANIFEST that it names. Anything but `MANIFEST-`, digits, newline is corruption: no other byte
  /// of it reaches a path.
  public static func read(_ directory: any ReadableDirectory) throws(DatabaseError) -> UInt64 {
    let file = try directory.open(name)
    let longest = prefix.count + digits.upperBound + 1
    guard file.size <= UInt64(longest) else { throw malformed("too long", file.name) }
    let content = try file.readExactly(Int(file.size), at: 0)
    defer { withExtendedLifetime(content) {} }
    return try parse(content.bytes, file: file.name)
  }

  static func parse(_ bytes: UnsafeRawBufferPointer, file: String = name) throws(DatabaseError) -> UInt64 {
    guard bytes.last == UInt8(ascii: "\n") else { throw malformed("does not end with a newline", file) }
    guard bytes.starts(with: prefix) else { throw malformed("does not name a MANIFEST", file) }
    let text = bytes.dropFirst(prefix.count).dropLast()
    let isNumber = text.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard isNumber, digits.contains(text.count) else {
      throw malformed("does not name a MANIFEST", file)
    }
    var number: UInt64 = 0
    for digit in text {
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      guard !overflow, !carry, sum <= VersionEdit.largestFileNumber else {
        throw malformed("MANIFEST number too large", file)
      }
      number = sum
    }
    guard DatabaseFile.manifest(number).name.utf8.count == prefix.count + text.count else {
      throw malformed("MANIFEST number with needless zeros", file)
    }
    return number
  }

  /// Makes the MANIFEST `number` the live one. It must be complete and synced under its final name.
  ///
  /// The directory is synced twice: first the MANIFEST's name must last, then CURRENT may say it; otherwise a crash
  /// could leave CURRENT naming a file that is not there. When this throws after the rename was tried, either name may
  /// be in CURRENT: the caller reads it again and deletes neither MANIFEST.
  public static func replace(_ directory: any Directory, manifest number: UInt64) throws(DatabaseError) {
    if !Mutant.manifestNameNotSynced.isOn { try directory.sync() }
    let temporary = DatabaseFile.temporary(number).name
    if try directory.attributes(of: temporary) != nil { try directory.remove(temporary) }
    do throws(DatabaseError) {
      var content = ByteWriter(capacity: 32)
      content.append(utf8: DatabaseFile.manifest(number).name + "\n")
      try directory.create(temporary, holding: content.bytes)
    } catch {
      try discard(temporary, in: directory, because: error)
    }
    try directory.rename(temporary, to: name, replacing: true)
    if !Mutant.currentNotSynced.isOn { try directory.sync() }
  }

  /// Removes what was half written and throws `error`, whether or not removing works.
  private static func discard(
    _ name: String, in directory: any Directory, because error: DatabaseError
  ) throws(DatabaseError) {
    do throws(DatabaseError) { try directory.remove(name) } catch { /* The first error says more. */  }
    throw error
  }

  private static func malformed(_ detail: String, _ file: String) -> DatabaseError {
    DatabaseError(.corruption, file: file, offset: 0, detail)
  }
}
