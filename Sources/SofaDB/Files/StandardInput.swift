internal import Glibc

/// Standard input, read by one thread at a time.
public final class StandardInput: Sendable {
  public init() {}

  public var name: String { "standard input" }

  /// Fills `buffer` as far as one read does; 0 only at the end.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatabaseError) -> Int {
    do {
      return try Errno.retrying { Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count) }
    } catch {
      throw SystemError.reading(name, at: 0, error)
    }
  }
}
