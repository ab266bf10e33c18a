internal import Glibc
internal import Synchronization

/// A directory that remembers the first call that the system failed. Whoever judges files by what can be read of them
/// must not take a failing disk for damage: bytes that are wrong are damage, bytes that do not come are not.
///
/// A read that ends before the file does is a failure too. Safe to share between threads.
final class WatchedDirectory: ReadableDirectory {
  /// What all directories and files opened through one watched directory report to.
  final class Watch: Sendable {
    private let first = Mutex<DatabaseError?>(nil)

    /// Failures of the system; refusals that concern one file alone, such as a link in a table's place, are facts.
    func note(_ error: DatabaseError) {
      if error.concernsOneFile { return }
      first.withLock { if $0 == nil { $0 = error } }
    }

    /// Throws the first failure, if there was one.
    func check() throws(DatabaseError) {
      if let failure = first.withLock({ $0 }) { throw failure }
    }
  }

  let watch: Watch
  private let base: any ReadableDirectory

  init(_ base: any ReadableDirectory, watch: Watch = Watch()) {
    self.base = base
    self.watch = watch
  }

  var path: String { base.path }

  func entries() throws(DatabaseError) -> [DirectoryEntry] {
    try watched { () throws(DatabaseError) in try base.entries() }
  }

  func attributes(of name: String) throws(DatabaseError) -> FileAttributes? {
    try watched { () throws(DatabaseError) in try base.attributes(of: name) }
  }

  func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile {
    WatchedFile(try watched { () throws(DatabaseError) in try base.open(name) }, watch)
  }

  func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory {
    WatchedDirectory(try watched { () throws(DatabaseError) in try base.readableDirectory(name) }, watch: watch)
  }

  func lockState(of name: String) throws(DatabaseError) -> LockState {
    try watched { () throws(DatabaseError) in try base.lockState(of: name) }
  }

  private func watched<T>(_ call: () throws(DatabaseError) -> T) throws(DatabaseError) -> T {
    do throws(DatabaseError) { return try call() } catch {
      watch.note(error)
      throw error
    }
  }
}

/// A file whose reads give all that the file has, or fail.
private final class WatchedFile: RandomAccessFile {
  private let base: any RandomAccessFile
  private let watch: WatchedDirectory.Watch

  init(_ base: any RandomAccessFile, _ watch: WatchedDirectory.Watch) {
    self.base = base
    self.watch = watch
  }

  var name: String { base.name }
  var size: UInt64 { base.size }
  var cachedBytes: UInt64? { base.cachedBytes }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    do throws(DatabaseError) {
      let count = try base.read(into: buffer, at: offset)
      let there = Int(min(UInt64(buffer.count), size - min(offset, size)))
      guard count >= there else {
        throw DatabaseError(
          .io(EIO), file: name, offset: offset, "\(count) of \(there) bytes came that the file has")
      }
      return count
    } catch {
      watch.note(error)
      throw error
    }
  }

  func adviseSequential() { base.adviseSequential() }
  func dropCache(offset: UInt64, length: UInt64) { base.dropCache(offset: offset, length: length) }
}
