/// Something wrong in a file of the Go SofaDB. Its formats have no checksums, so only lengths, order and the sparse
/// index can tell.
public struct SofaGoDamage: Sendable, Equatable {
  /// Name in the directory.
  public let file: String
  /// Bytes from the start of the file.
  public let offset: UInt64
  /// Bytes that were passed over for it; 0 when nothing is lost.
  public let length: UInt64
  /// In words that fit after "FILE at OFFSET: ".
  public let reason: String
  /// Whether it is what a crash leaves at the end of a log.
  public let isTornTail: Bool

  init(file: String, offset: UInt64, length: UInt64, _ reason: String, isTornTail: Bool = false) {
    self.file = file
    self.offset = offset
    self.length = length
    self.reason = reason
    self.isTornTail = isTornTail
  }
}
