/// Why bytes could not be decoded. Cheap on purpose: it is thrown inside decoders that see hostile input millions of
/// times; whoever knows the file turns it into a `DatabaseError`.
public struct FormatError: Error, Sendable, CustomStringConvertible {
  /// What is wrong, in words that fit after "FILE at OFFSET: ".
  public let reason: StaticString
  /// Where in the decoded bytes, in bytes from their start, when known.
  public let offset: Int?

  public init(_ reason: StaticString, at offset: Int? = nil) {
    self.reason = reason
    self.offset = offset
  }

  public var description: String {
    offset.map { "\(reason) (byte \($0))" } ?? "\(reason)"
  }
}
