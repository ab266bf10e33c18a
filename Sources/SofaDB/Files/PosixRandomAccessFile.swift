internal import CSofaKernels
internal import Glibc

/// A file read with pread: no position, so any number of threads may read at once. Not mapped, because a mapped file
/// that is cut by somebody else kills the process.
final class PosixRandomAccessFile: RandomAccessFile {
  let name: String
  let size: UInt64
  private let descriptor: Descriptor

  init(name: String, descriptor: consuming Descriptor) throws(DatabaseError) {
    do {
      size = FileAttributes(try descriptor.status()).size
    } catch {
      throw SystemError.inspecting(name, error)
    }
    self.name = name
    self.descriptor = descriptor
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    guard offset <= UInt64(Int64.max) - UInt64(buffer.count) else { return 0 }
    var done = 0
    do {
      while done < buffer.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let place = off_t(offset) + off_t(done)
        let count = try Errno.retrying { pread(descriptor.number, rest.baseAddress, rest.count, place) }
        if count == 0 { break }
        done += count
      }
    } catch {
      throw SystemError.reading(name, at: offset + UInt64(done), error)
    }
    return done
  }

  var cachedBytes: UInt64? {
    let bytes = sofa_cached_bytes(descriptor.number)
    return bytes < 0 ? nil : UInt64(bytes)
  }

  func adviseSequential() {
    _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  func dropCache(offset: UInt64, length: UInt64) {
    guard let start = off_t(exactly: offset), let count = off_t(exactly: length) else { return }
    _ = posix_fadvise(descriptor.number, start, count, POSIX_FADV_DONTNEED)
  }
}
