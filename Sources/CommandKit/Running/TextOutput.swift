/// Where text and raw bytes go: stdout, stderr, a file, or memory in tests. Safe to share between threads; one call's
/// bytes are never mixed with another's.
public protocol TextOutput: AnyObject, Sendable {
  /// The bytes may stay in a buffer until `flush`.
  func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError)
  func flush() throws(OutputError)
}

extension TextOutput {
  public func write(_ text: String) throws(OutputError) {
    var text = text
    // `withUTF8` rethrows untyped, so the error leaves the closure as a value.
    let failure: OutputError? = text.withUTF8 { utf8 in
      do throws(OutputError) {
        try write(UnsafeRawBufferPointer(utf8))
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// The text and a newline.
  public func writeLine(_ text: String = "") throws(OutputError) { try write(text + "\n") }
}

/// Why output could not be written.
public enum OutputError: Error, Sendable, Equatable {
  /// The reader left (`sofatool dump db | head`): end quietly.
  case readerLeft
  /// Errno and its sentence.
  case failed(code: Int32, reason: String)
}
