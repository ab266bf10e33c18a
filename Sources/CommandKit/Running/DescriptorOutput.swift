internal import Glibc
internal import Synchronization

/// A buffered output over an open file descriptor, which it does not close.
///
/// Bytes leave in order, whole buffers at a time; with `.line`, also at each newline, so that people see what is going
/// on. After an error every later write throws the same error: a report with a hole is worse than none.
public final class DescriptorOutput: TextOutput {
  public enum Buffering: Sendable { case full, line, none }

  private struct State {
    var buffer: [UInt8] = []
    var error: OutputError?
  }

  private let descriptor: Int32
  private let buffering: Buffering
  private let state = Mutex(State())
  private static let capacity = 64 << 10

  public init(descriptor: Int32, buffering: Buffering) {
    self.descriptor = descriptor
    self.buffering = buffering
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    let error = state.withLock { state in add(bytes, to: &state) }
    if let error { throw error }
  }

  public func flush() throws(OutputError) {
    let error = state.withLock { state in drain(&state) }
    if let error { throw error }
  }

  private func add(_ bytes: UnsafeRawBufferPointer, to state: inout State) -> OutputError? {
    if let error = state.error { return error }
    if bytes.count >= Self.capacity {
      if let error = drain(&state) { return error }
      return send(bytes, &state)
    }
    if state.buffer.count + bytes.count > Self.capacity, let error = drain(&state) { return error }
    if state.buffer.isEmpty { state.buffer.reserveCapacity(Self.capacity) }
    state.buffer += bytes
    switch buffering {
    case .full: return nil
    case .none: return drain(&state)
    case .line: return bytes.contains(UInt8(ascii: "\n")) ? drain(&state) : nil
    }
  }

  private func drain(_ state: inout State) -> OutputError? {
    if let error = state.error { return error }
    let waiting = state.buffer
    state.buffer = []
    let error = waiting.withUnsafeBytes { send($0, &state) }
    state.buffer = waiting
    state.buffer.removeAll(keepingCapacity: true)
    return error
  }

  private func send(_ bytes: UnsafeRawBufferPointer, _ state: inout State) -> OutputError? {
    var rest = bytes
    while rest.count > 0 {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        let code = errno
        if code == EINTR { continue }
        if code == EAGAIN {
          // Somebody made the shared terminal or pipe non-blocking: wait for it.
          var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&waiting, 1, -1)
          continue
        }
        state.error = code == EPIPE ? .readerLeft : .failed(code: code, reason: String(cString: strerror(code)))
        return state.error
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
    return nil
  }
}
