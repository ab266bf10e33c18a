/// Write batches of a log that follow each other, and whose sequence numbers do.
struct LogRun: Sendable, Equatable {
  var sequences: Range<SequenceNumber>
  /// Of the first one's header in the file.
  let offset: UInt64
  /// Behind the last one.
  var end: UInt64
}
