/// The order of writes: 56 bits, counted up by one for each operation. 0 means "older than every write".
public typealias SequenceNumber = UInt64

extension SequenceNumber {
  /// The largest that fits an internal key's trailer.
  public static let maximum: SequenceNumber = (1 << 56) - 1
}
