internal import Glibc

/// The seam between the engine and the disk. Directories are handles and files are names inside them, so that no path
/// is ever built from the content of a file. Commands that only read get `ReadableFileSystem`, which has no call that
/// could change anything.
///
/// All calls may block, may be made from any thread, and loop over EINTR and short transfers themselves.
public protocol ReadableFileSystem: Sendable {
  /// Opens the directory at `path`, as the user gave it.
  func readableDirectory(at path: String) throws(DatabaseError) -> any ReadableDirectory
  /// What is at `path`; nil when nothing is.
  func attributes(at path: String) throws(DatabaseError) -> FileAttributes?
}

public protocol FileSystem: ReadableFileSystem {
  func directory(at path: String) throws(DatabaseError) -> any Directory
}

public protocol ReadableDirectory: AnyObject, Sendable {
  /// For messages only.
  var path: String { get }
  /// Names and kinds, in no order, without "." and "..".
  func entries() throws(DatabaseError) -> [DirectoryEntry]
  /// nil when there is no such name. Symbolic links are not followed.
  func attributes(of name: String) throws(DatabaseError) -> FileAttributes?
  /// Opens a regular file; refuses symbolic links and special files.
  func open(_ name: String) throws(DatabaseError) -> any RandomAccessFile
  func readableDirectory(_ name: String) throws(DatabaseError) -> any ReadableDirectory
  /// Whether another process has the lock on the file `name`. Creates nothing, takes nothing, and is only a snapshot.
  func lockState(of name: String) throws(DatabaseError) -> LockState
}

public enum LockState: Sendable, Equatable {
  /// There is no lock file.
  case missing
  case free
  /// The process, unless the system cannot name it.
  case held(by: Int32?)
  /// The file may not be opened, or the file system does not tell.
  case unknown
}

/// A directory whose names may change. A name change is durable after `sync`; a file's bytes after its own `sync`.
public protocol Directory: ReadableDirectory {
  /// Creates a new file for appending; `alreadyExists` if the name is taken.
  func create(_ name: String, access: FileAccess) throws(DatabaseError) -> any AppendFile
  /// Creates a new file of the database that may be synced after every append. Until it is closed, and after a crash,
  /// it may end in zeros: its reader must take them for its end.
  func createLog(_ name: String) throws(DatabaseError) -> any AppendFile
  /// Mode 0700; `alreadyExists` if the name is taken.
  func createDirectory(_ name: String) throws(DatabaseError) -> any Directory
  func directory(_ name: String) throws(DatabaseError) -> any Directory
  /// Within this directory. Unless `replacing`, `alreadyExists` if the target name is taken.
  func rename(_ from: String, to target: String, replacing: Bool) throws(DatabaseError)
  /// A hard link of `name` as `target` in `other`; `alreadyExists` if that is taken.
  func link(_ name: String, into other: any Directory, as target: String) throws(DatabaseError)
  func remove(_ name: String) throws(DatabaseError)
  /// Removes an empty directory.
  func removeDirectory(_ name: String) throws(DatabaseError)
  /// Bytes that this user may still write on the device.
  func availableBytes() throws(DatabaseError) -> UInt64
  /// Makes all names of this directory durable.
  func sync() throws(DatabaseError)
  /// Takes the exclusive lock on the file `name`, creating it if missing; `locked` with the holder when another
  /// process has it.
  func lock(_ name: String) throws(DatabaseError) -> any FileLock
}

public protocol RandomAccessFile: AnyObject, Sendable {
  /// For messages only.
  var name: String { get }
  /// Bytes, when it was opened.
  var size: UInt64 { get }
  /// Fills `buffer` from `offset`; returns fewer bytes only where the file ends.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int
  /// Bytes that the system has in its cache, in whole pages; nil where it does not tell.
  var cachedBytes: UInt64? { get }
  /// Tells the system that the file will be read from front to back.
  func adviseSequential()
  /// Drops the range from the system's cache, so that a later read comes from the device and a scrub evicts nobody.
  func dropCache(offset: UInt64, length: UInt64)
}

public protocol AppendFile: AnyObject, Sendable {
  var name: String { get }
  /// Bytes appended so far.
  var size: UInt64 { get }
  func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError)
  /// Makes bytes and size durable. After an error the file must be abandoned: a second call may lie.
  func sync() throws(DatabaseError)
  /// Must be called; errors of delayed writes appear here. Later calls are ignored.
  func close() throws(DatabaseError)
}

/// Held until released or deallocated.
public protocol FileLock: AnyObject, Sendable {
  func release()
}

public struct FileAttributes: Sendable, Equatable {
  public enum Kind: Sendable { case file, directory, symbolicLink, other }
  public var kind: Kind
  /// Bytes.
  public var size: UInt64
  public var linkCount: UInt64
  /// Seconds since 1970.
  public var modified: Int64
  /// The part of a second beyond `modified`.
  public var modifiedNanoseconds: Int64
  /// The same for all names of one file, and different from that of every other file on the same device.
  public var fileID: UInt64
  /// Tells devices apart.
  public var device: UInt64
  /// The lowest twelve bits of the mode.
  public var permissions: UInt16

  public init(
    kind: Kind, size: UInt64, linkCount: UInt64 = 1, modified: Int64 = 0, modifiedNanoseconds: Int64 = 0,
    fileID: UInt64 = 0, device: UInt64 = 0, permissions: UInt16 = 0o600
  ) {
    self.kind = kind
    self.size = size
    self.linkCount = linkCount
    self.modified = modified
    self.modifiedNanoseconds = modifiedNanoseconds
    self.fileID = fileID
    self.device = device
    self.permissions = permissions
  }
}

public struct DirectoryEntry: Sendable, Equatable {
  public var name: String
  public var kind: FileAttributes.Kind

  public init(name: String, kind: FileAttributes.Kind) {
    self.name = name
    self.kind = kind
  }
}

extension Directory {
  /// A file of the database.
  public func create(_ name: String) throws(DatabaseError) -> any AppendFile { try create(name, access: .asDirectory) }
}

extension RandomAccessFile {
  public var cachedBytes: UInt64? { nil }

  /// Reads exactly `length` bytes. A file that is not that long is `corruption`; one that gives less than it has is a
  /// failure of the disk, which says nothing of its bytes.
  public func readExactly(_ length: Int, at offset: UInt64) throws(DatabaseError) -> ByteBuffer {
    guard length >= 0, offset <= size, UInt64(length) <= size - offset else {
      throw DatabaseError(.corruption, file: name, offset: offset, "\(length) bytes wanted, the file has \(size)")
    }
    let buffer = ByteBuffer(count: length)
    let count = try read(into: buffer.memory, at: offset)
    guard count == length else { throw shortRead(count, of: length, at: offset) }
    return buffer
  }

  /// What to throw when a read within the file's size gave less than it wanted.
  func shortRead(_ count: Int, of length: Int, at offset: UInt64) -> DatabaseError {
    DatabaseError(
      .io(EIO), file: name, offset: offset,
      "a read gave \(count) of \(length) bytes: the file was cut meanwhile, or the device fails")
  }
}
