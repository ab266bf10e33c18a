internal import CSofaKernels
internal import Glibc

/// A file read with pread: no position, so any number of threads may read at once. Not mapped, because a mapped file
/// that is cut by somebody else kills the process.
///
/// Without room in the budget nothing is kept open: each read opens the file, and refuses one that took its name.
final class PosixRandomAccessFile: RandomAccessFile {
  let name: String
  let size: UInt64
  private let directory: PosixReadableDirectory
  /// The name in the directory.
  private let component: String
  private let identity: FileAttributes
  /// -1 when the file is opened for every read.
  private let kept: Int32

  init(
    name: String, component: String, in directory: PosixReadableDirectory, descriptor: consuming Descriptor
  ) throws(DatabaseError) {
    do {
      identity = FileAttributes(try descriptor.status())
    } catch {
      throw SystemError.inspecting(name, error)
    }
    size = identity.size
    self.name = name
    self.component = component
    self.directory = directory
    kept = directory.budget.take() ? descriptor.release() : -1
  }

  deinit {
    guard kept >= 0 else { return }
    _ = Glibc.close(kept)
    directory.budget.giveBack()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    if kept >= 0 { return try read(kept, buffer, offset) }
    let opened = try reopened()
    return try read(opened.number, buffer, offset)
  }

  private func read(
    _ number: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ offset: UInt64
  ) throws(DatabaseError) -> Int {
    guard offset <= UInt64(Int64.max) - UInt64(buffer.count) else { return 0 }
    var done = 0
    do {
      while done < buffer.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let place = off_t(offset) + off_t(done)
        let count = try Errno.retrying { pread(number, rest.baseAddress, rest.count, place) }
        if count == 0 { break }
        done += count
      }
    } catch {
      throw SystemError.reading(name, at: offset + UInt64(done), error)
    }
    return done
  }

  private func reopened() throws(DatabaseError) -> Descriptor {
    let opened = try directory.openRegular(component, flags: O_RDONLY)
    let now: FileAttributes
    do {
      now = FileAttributes(try opened.status())
    } catch {
      throw SystemError.inspecting(name, error)
    }
    // A number is given to a new file as soon as the old one is gone; a log that its engine writes grows.
    let isUntouched = now.modified == identity.modified && now.modifiedNanoseconds == identity.modifiedNanoseconds
    guard now.fileID == identity.fileID, now.device == identity.device,
      now.size > size || now.size == size && isUntouched
    else {
      throw DatabaseError(.locked, file: name, "another file took its name while it was read")
    }
    return opened
  }

  // MARK: The page cache

  var cachedBytes: UInt64? {
    let bytes = advise { sofa_cached_bytes($0) } ?? -1
    return bytes < 0 ? nil : UInt64(bytes)
  }

  func adviseSequential() {
    // Advice is for one open file: nothing would be left of it.
    if kept >= 0 { _ = posix_fadvise(kept, 0, 0, POSIX_FADV_SEQUENTIAL) }
  }

  func dropCache(offset: UInt64, length: UInt64) {
    guard let start = off_t(exactly: offset), let count = off_t(exactly: length) else { return }
    _ = advise { posix_fadvise($0, start, count, POSIX_FADV_DONTNEED) }
  }

  /// Best effort: what cannot be opened now is told by the next read.
  private func advise<Result>(_ call: (Int32) -> Result) -> Result? {
    if kept >= 0 { return call(kept) }
    do throws(DatabaseError) {
      let opened = try reopened()
      return call(opened.number)
    } catch { return nil }
  }
}
