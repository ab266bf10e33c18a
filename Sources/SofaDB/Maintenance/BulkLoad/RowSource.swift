/// What the next line or row of the input is.
enum RowStep {
  /// An entry, or the first of several that one line makes.
  case row
  /// Another entry of the same line.
  case extraRow
  /// A range deletion: `key` is its begin and `value` its end.
  case tombstone
  /// Nothing to load.
  case blank
  case end
}

/// Turns the text of a piece into entries, one at a time. Each thread has its own. What `next` found is valid until the
/// next call.
protocol RowSource: ~Copyable {
  /// Starts with a piece of whole rows, which stays where it is until its last row was read.
  mutating func begin(_ piece: UnsafeRawBufferPointer, isMalformed: Bool)
  /// After a fault the next call goes on behind the bad row.
  mutating func next() throws(RowFault) -> RowStep
  /// The row as it stands in the input, without its line break; after a fault, the bad one.
  var text: UnsafeRawBufferPointer { get }
  /// Which of the families of the load.
  var family: Int { get }
  var key: UnsafeRawBufferPointer { get }
  var value: UnsafeRawBufferPointer { get }
  /// Sequence and kind of the entry; `ordinal` is the row's place in the input.
  func trailer(ordinal: UInt64) -> UInt64
  /// A fault in words that follow the line number.
  func describe(_ fault: RowFault) -> String
}
