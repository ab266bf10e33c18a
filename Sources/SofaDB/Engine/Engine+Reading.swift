internal import Synchronization

extension Engine {
  func withValue<Result>(
    of userKey: UnsafeRawBufferPointer, in family: LiveFamily?, at snapshot: Snapshot?,
    _ body: (UnsafeRawBufferPointer?) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    try requireOpen()
    let (visit, sequence) = visit(at: snapshot)
    defer { visit.end() }
    var lookup = try visit.view.borrowed { (view) throws(DatabaseError) in
      try reader.lookup(userKey, in: family, of: view, at: sequence)
    }
    return try lookup.withValue(body)
  }

  func cursor(
    in family: LiveFamily?, at snapshot: Snapshot?, from: [UInt8]?, to: [UInt8]?, prefix: [UInt8]? = nil
  ) throws(DatabaseError) -> Cursor {
    try requireOpen()
    let (visit, sequence) = visit(at: snapshot)
    defer { visit.end() }
    let view = visit.view.takeUnretainedValue()
    return try reader.cursor(in: family, of: view, at: sequence, holding: snapshot, from: from, to: to, prefix: prefix)
  }

  /// A view and the number to read it at: the snapshot's, or that of the newest write. `meanwhile` runs between the
  /// two, for tests.
  @inline(__always)
  func visit(
    at snapshot: Snapshot?, meanwhile: () -> Void = {}
  ) -> (visit: ViewSlot.Visit, sequence: SequenceNumber) {
    while true {
      let visit = views.visit()
      if let snapshot { return (visit, snapshot.sequence) }
      meanwhile()
      // After the view. What was ingested in between is only in the next one, but later writes are in this one's
      // memtables.
      let sequence = pipeline.visible.load(ordering: .acquiring)
      if visit.isCurrent { return (visit, sequence) }
      visit.end()
    }
  }

  /// The sequence number of the newest operation on a key, deletions included; 0 when there is none.
  func newestSequence(of userKey: [UInt8], in family: LiveFamily?) throws(DatabaseError) -> SequenceNumber {
    try reader.newestSequence(of: userKey, in: family, of: views.load())
  }
}
