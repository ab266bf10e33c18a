/// Bytes to load, read once from front to back by one thread at a time.
public protocol InputSource: AnyObject, Sendable {
  /// For messages.
  var name: String { get }
  /// Bytes in all, when that is known before they are read.
  var size: UInt64? { get }
  /// Fills `buffer` as far as it can without waiting for more than one chunk; 0 only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatabaseError) -> Int
}

extension StandardInput: InputSource {
  public var size: UInt64? { nil }
}
