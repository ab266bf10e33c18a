internal import CSofaKernels
internal import Glibc
internal import Synchronization

/// A new file that grows at its end. Every 8 MiB it asks the kernel to start writing, so that the sync at the end
/// does not have to wait for the whole file.
///
/// A failed call poisons the file: the kernel may have dropped the bytes and marked them clean, and a second sync
/// would report success. Every later `append` and `sync` throws the first error again.
final class PosixAppendFile: AppendFile {
  private struct State: ~Copyable {
    var descriptor: Descriptor?
    var size: UInt64 = 0
    /// Bytes whose writing to the device has been started.
    var started: UInt64 = 0
    var failure: DatabaseError?
  }

  private static let writebackStep: UInt64 = 8 << 20

  let name: String
  private let state: Mutex<State>

  init(name: String, descriptor: consuming Descriptor) {
    self.name = name
    state = Mutex(State(descriptor: descriptor))
  }

  var size: UInt64 { state.withLock { $0.size } }

  func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    try perform { (file, state) throws(DatabaseError) in
      var rest = bytes
      do throws(Errno) {
        while !rest.isEmpty {
          let count = try Errno.retrying { write(file, rest.baseAddress, rest.count) }
          state.size += UInt64(count)
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
      } catch {
        throw SystemError.writing(self.name, at: state.size, error)
      }
      if state.size - state.started >= PosixAppendFile.writebackStep {
        // A hint: where it is not supported, the sync does all the work.
        _ = sofa_start_writeback(file, Int64(state.started), Int64(state.size - state.started))
        state.started = state.size
      }
    }
  }

  func sync() throws(DatabaseError) {
    try perform { (file, _) throws(DatabaseError) in
      do throws(Errno) {
        _ = try Errno.retrying { fdatasync(file) }
      } catch {
        throw SystemError.syncing(self.name, error)
      }
    }
  }

  func close() throws(DatabaseError) {
    try state.withLock { (state) throws(DatabaseError) in
      guard let descriptor = state.descriptor.take() else { return }
      do throws(Errno) {
        try descriptor.close()
      } catch {
        throw SystemError.closing(self.name, error)
      }
    }
  }

  /// Runs a call on the open file and remembers its error.
  private func perform(_ body: (Int32, inout State) throws(DatabaseError) -> Void) throws(DatabaseError) {
    try state.withLock { (state) throws(DatabaseError) in
      if let failure = state.failure { throw failure }
      guard let file = state.descriptor?.number else {
        throw DatabaseError(.invalid, file: self.name, "the file has been closed already")
      }
      do throws(DatabaseError) {
        try body(file, &state)
      } catch {
        state.failure = error
        throw error
      }
    }
  }
}
