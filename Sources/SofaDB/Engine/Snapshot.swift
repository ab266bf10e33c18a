/// The state of a database at one moment, to be read for as long as this object lives. Cheap to take; what it sees is
/// kept through flushes, compactions and deletions. Any thread.
public final class Snapshot: Sendable {
  /// Of the newest write that it sees.
  public let sequence: SequenceNumber
  private let list: SnapshotList

  init(_ list: SnapshotList, newest: () -> SequenceNumber) {
    self.list = list
    sequence = list.hold(newest)
  }

  deinit { list.release(sequence) }
}
