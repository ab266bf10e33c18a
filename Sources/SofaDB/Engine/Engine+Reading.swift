internal import Synchronization

extension Engine {
  func withValue<Result>(
    of userKey: UnsafeRawBufferPointer, in family: LiveFamily?, at snapshot: Snapshot?,
    _ body: (UnsafeRawBufferPointer?) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    try requireOpen()
    let visit = views.visit()
    defer { visit.end() }
    // After the view.
    let sequence = snapshot?.sequence ?? pipeline.visible.load(ordering: .acquiring)
    var lookup = try visit.view.borrowed { (view) throws(DatabaseError) in
      try reader.lookup(userKey, in: family, of: view, at: sequence)
    }
    return try lookup.withValue(body)
  }

  func cursor(
    in family: LiveFamily?, at snapshot: Snapshot?, from: [UInt8]?, to: [UInt8]?, prefix: [UInt8]? = nil
  ) throws(DatabaseError) -> Cursor {
    try requireOpen()
    let view = views.load()
    // After the view.
    let sequence = snapshot?.sequence ?? pipeline.visible.load(ordering: .acquiring)
    return try reader.cursor(in: family, of: view, at: sequence, holding: snapshot, from: from, to: to, prefix: prefix)
  }

  /// The sequence number of the newest operation on a key, deletions included; 0 when there is none.
  func newestSequence(of userKey: [UInt8], in family: LiveFamily?) throws(DatabaseError) -> SequenceNumber {
    try reader.newestSequence(of: userKey, in: family, of: views.load())
  }
}
