internal import Synchronization

/// Syncs and closes finished tables on a thread of its own, so that those who compress do not wait for the disk.
///
/// `wrap` makes a file whose `sync` and `close` are put off; `run` carries them out until `end` was called and
/// nothing is left. The first error is kept, and whoever ends the work asks for it: before `finish` returns, no table
/// counts as written.
final class TableCloser: Sendable {
  /// More files than this in the queue are closed by whoever finished them: the disk is the limit then.
  private static let longestQueue = 8

  private struct State {
    var queue: [any AppendFile] = []
    var isEnding = false
    var failure: DatabaseError?
  }

  private let state = Monitor(State())

  /// `file`, closed later.
  func wrap(_ file: any AppendFile) -> any AppendFile { PutOffFile(file, closer: self) }

  /// Closes what is handed over. Returns after `end`.
  func run() {
    while let file = state.wait(
      { $0.isEnding || !$0.queue.isEmpty }, then: { $0.queue.isEmpty ? nil : $0.queue.removeFirst() })
    {
      close(file)
    }
  }

  /// No more files come.
  func end() { state.change { $0.isEnding = true } }

  /// Throws what went wrong; called when `run` has returned.
  func finish() throws(DatabaseError) {
    if let failure = state.change({ $0.failure }), !Mutant.failuresOfThreadsLost.isOn { throw failure }
  }

  fileprivate func accept(_ file: any AppendFile) throws(DatabaseError) {
    let isTaken = state.change { state in
      guard state.failure == nil, state.queue.count < TableCloser.longestQueue else { return false }
      state.queue.append(file)
      return true
    }
    if !isTaken { close(file) }
    try finish()
  }

  private func close(_ file: any AppendFile) {
    do throws(DatabaseError) {
      try file.sync()
    } catch {
      state.change { $0.failure = $0.failure ?? error }
    }
    do throws(DatabaseError) {
      try file.close()
    } catch {
      state.change { $0.failure = $0.failure ?? error }
    }
  }

  private final class PutOffFile: AppendFile {
    private let file: any AppendFile
    private let closer: TableCloser
    private let isSynced = Atomic<Bool>(false)

    init(_ file: any AppendFile, closer: TableCloser) {
      self.file = file
      self.closer = closer
    }

    var name: String { file.name }
    var size: UInt64 { file.size }
    func append(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) { try file.append(bytes) }
    func sync() { isSynced.store(true, ordering: .relaxed) }

    /// A file that was never asked to be synced is being abandoned.
    func close() throws(DatabaseError) {
      if isSynced.load(ordering: .relaxed) { try closer.accept(file) } else { try file.close() }
    }
  }
}
