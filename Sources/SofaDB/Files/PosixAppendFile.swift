internal import CSofaKernels
internal import Glibc
internal import Synchronization

/// A new file that grows at its end. Every 8 MiB, and every 1 MiB of a log, it asks the kernel to start writing, so
/// that the sync at the end does not have to wait for the whole file. A log that is synced often has zeros at its end,
/// until it is closed.
///
/// A failed call poisons the file: the kernel may have dropped the bytes and marked them clean, and a second sync
/// would report success. Every later `append` and `sync` throws the first error again.
final class PosixAppendFile: AppendFile {
  private struct State: ~Copyable {
    var descriptor: Descriptor?
    var size: UInt64 = 0
    /// Bytes whose writing to the device has been started.
    var started: UInt64 = 0
    /// Of a log.
    var zeros: ZerosAhead?
    var failure: DatabaseError?
  }

  private static let noughts = ByteBuffer([UInt8](repeating: 0, count: 64 << 10))

  let name: String
  private let writebackStep: UInt64
  private let state: Lock<State>

  init(name: String, descriptor: consuming Descriptor, isLog: Bool = false) {
    self.name = name
    writebackStep = isLog ? 1 << 20 : 8 << 20
    state = Lock(State(descriptor: descriptor, zeros: isLog ? ZerosAhead() : nil))
  }

  var size: UInt64 { state.withLock { $0.size } }

  func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    try perform { (file, state) throws(DatabaseError) in
      if state.zeros?.isInTheWay(of: bytes.count) == true { try self.cut(file, &state) }
      var rest = bytes
      do throws(Errno) {
        while !rest.isEmpty {
          let count = try Errno.retrying { pwrite(file, rest.baseAddress, rest.count, off_t(state.size)) }
          state.size += UInt64(count)
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
      } catch {
        throw SystemError.writing(self.name, at: state.size, error)
      }
      if let end = state.zeros?.didAppend(bytes.count, size: state.size) {
        state.zeros?.didReserve(from: state.size, to: self.reserve(file, state.size..<end))
      }
      if state.size - state.started >= self.writebackStep {
        // A hint: where it is not supported, the sync does all the work.
        _ = sofa_start_writeback(file, Int64(state.started), Int64(state.size - state.started))
        state.started = state.size
      }
    }
  }

  /// Writes zeros over the range and returns how far they reach. What has no room for them may yet have room for
  /// records, so that nothing is thrown.
  private func reserve(_ file: Int32, _ range: Range<UInt64>) -> UInt64 {
    let source = PosixAppendFile.noughts
    var end = range.lowerBound
    while end < range.upperBound {
      let count = pwrite(file, source.bytes.baseAddress, min(source.count, Int(range.upperBound - end)), off_t(end))
      guard count > 0 else { break }
      end += UInt64(count)
    }
    return end
  }

  /// Ends a log behind its last record again. Synced before, because the cut allows what follows to be durable first.
  private func cut(_ file: Int32, _ state: inout State) throws(DatabaseError) {
    do throws(Errno) {
      _ = try Errno.retrying { fdatasync(file) }
    } catch {
      throw SystemError.syncing(name, error)
    }
    do throws(Errno) {
      _ = try Errno.retrying { ftruncate(file, off_t(state.size)) }
    } catch {
      throw SystemError.writing(name, at: state.size, error)
    }
    state.zeros?.didCut()
  }

  func sync() throws(DatabaseError) {
    try perform { (file, state) throws(DatabaseError) in
      do throws(Errno) {
        _ = try Errno.retrying { fdatasync(file) }
      } catch {
        throw SystemError.syncing(self.name, error)
      }
      state.zeros?.didSync()
    }
  }

  func close() throws(DatabaseError) {
    try state.withLock { (state) throws(DatabaseError) in
      guard let descriptor = state.descriptor.take() else { return }
      do throws(Errno) {
        if let end = state.zeros?.end, end > state.size, state.failure == nil {
          _ = try Errno.retrying { ftruncate(descriptor.number, off_t(state.size)) }
        }
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
        if !Mutant.failedSyncForgotten.isOn { state.failure = error }
        throw error
      }
    }
  }
}
