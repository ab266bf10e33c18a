/// How far a writer has come, in memory that it shares with whoever kills it: what is stored here outlives it. For each
/// thread the number of the batch that was begun last, and of the one that was acknowledged last.
import Foundation
import Synchronization

public final class WriterProgress: @unchecked Sendable {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  private static let bytes = 4096

  /// Maps the file at `path`, which is made, all zero, if missing.
  public init(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, ftruncate(descriptor, off_t(WriterProgress.bytes)) == 0,
      let memory = mmap(nil, WriterProgress.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      memory != MAP_FAILED
    else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    close(descriptor)
    words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: WriterProgress.bytes / 8)
  }

  deinit { munmap(words, WriterProgress.bytes) }

  public func begun(_ thread: Int) -> UInt64 { words[1 + 2 * thread].load(ordering: .acquiring) }
  public func acknowledged(_ thread: Int) -> UInt64 { words[2 + 2 * thread].load(ordering: .acquiring) }
  func begin(_ thread: Int, _ number: UInt64) { words[1 + 2 * thread].store(number, ordering: .releasing) }
  func acknowledge(_ thread: Int, _ number: UInt64) { words[2 + 2 * thread].store(number, ordering: .releasing) }

  /// Whether the writer is at work.
  public var isReady: Bool {
    get { words[0].load(ordering: .acquiring) != 0 }
    set { words[0].store(newValue ? 1 : 0, ordering: .releasing) }
  }
}
