/// A deletion of all user keys in begin..<end that are older than its sequence number. Equal sequence numbers are not
/// covered.
public struct RangeTombstone: Hashable, Sendable {
  /// User key, included.
  public var begin: [UInt8]
  /// User key, excluded.
  public var end: [UInt8]
  public var sequence: SequenceNumber

  public init(begin: [UInt8], end: [UInt8], sequence: SequenceNumber) {
    self.begin = begin
    self.end = end
    self.sequence = sequence
  }
}
