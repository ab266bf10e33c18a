internal import Synchronization

/// An output that keeps what is written; for tests and for text that is made first and shown later.
public final class MemoryOutput: TextOutput {
  private let bytes = Mutex<[UInt8]>([])

  public init() {}

  public func write(_ added: UnsafeRawBufferPointer) throws(OutputError) { bytes.withLock { $0 += added } }
  public func flush() throws(OutputError) {}

  public var contents: [UInt8] { bytes.withLock { $0 } }

  /// What is not UTF-8 becomes U+FFFD.
  public var text: String { String(decoding: contents, as: UTF8.self) }
}
