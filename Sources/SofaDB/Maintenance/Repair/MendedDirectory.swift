/// A directory whose damaged tables read as what was mended of them, so that they can be compared with others. Nothing
/// is written. Safe to share between threads.
final class MendedDirectory: ReadableDirectory {
  private let base: any ReadableDirectory
  private let mended: [String: any RandomAccessFile]

  init(_ base: any ReadableDirectory, _ tables: some Sequence<ExaminedTable>) {
    self.base = base
    var mended: [String: any RandomAccessFile] = [:]
    for table in tables { mended[table.name] = table.rescue?.table?.file }
    self.mended = mended
  }

  var path: String { base.path }

  func entries() throws(DatabaseError) -> [DirectoryEntry] { try base.entries() }

  func attributes(of name: String) throws(DatabaseError) -> FileAttributes? { try base.attributes(of: name) }

  func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
    if let file = mended[name] { return file }
    return try base.open(name)
  }

  func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
    try base.readableDirectory(name)
  }

  func lockState(of name: String) throws(DatabaseError) -> LockState { try base.lockState(of: name) }
}
