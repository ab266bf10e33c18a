internal import CSofaKernels
internal import Glibc

/// Owns an open file descriptor: closed once, when it goes out of scope at the latest.
struct Descriptor: ~Copyable, Sendable {
  let number: Int32

  /// Opens `name` in the directory `parent` (AT_FDCWD: relative to the working directory). Never waits for the other
  /// end of a FIFO, and is not inherited by children.
  init(opening name: String, in parent: Int32, flags: Int32, mode: mode_t = 0) throws(Errno) {
    number = try Errno.retrying { openat(parent, name, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode) }
  }

  deinit { _ = Glibc.close(number) }

  /// Linux frees the number even on failure, so that a second call might close somebody else's file; EINTR therefore
  /// means closed.
  consuming func close() throws(Errno) {
    let number = number
    discard self
    guard Glibc.close(number) != 0, errno != EINTR else { return }
    throw Errno.last
  }

  /// 0 when nobody holds a lock through another open file, -1 when the holder has no name, -2 when it cannot be told.
  func lockHolder() -> Int32 { sofa_lock_holder(number) }

  /// Gives the number away: whoever takes it closes it.
  consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  func status() throws(Errno) -> stat {
    var status = stat()
    _ = try Errno.retrying { fstat(number, &status) }
    return status
  }
}

/// The code that a failed system call left.
struct Errno: Error, Equatable {
  var code: Int32

  static var last: Errno { Errno(code: errno) }

  /// Repeats a call that was interrupted by a signal; its result, which is not -1.
  @inline(__always)
  static func retrying<Result: SignedInteger>(_ call: () -> Result) throws(Errno) -> Result {
    while true {
      let result = call()
      if result != -1 { return result }
      let error = last
      if error.code != EINTR { throw error }
    }
  }
}
