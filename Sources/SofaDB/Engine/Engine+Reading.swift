internal import Synchronization

extension Engine {
  /// What a read sees: a view, and the newest sequence number that counts. The view comes first; see `ReadView`.
  @inline(__always)
  func reading(_ snapshot: Snapshot?) throws(DatabaseError) -> (view: ReadView, sequence: SequenceNumber) {
    try requireOpen()
    let view = views.load()
    return (view, snapshot?.sequence ?? pipeline.visible.load(ordering: .acquiring))
  }

  func withValue<Result>(
    of userKey: UnsafeRawBufferPointer, in family: LiveFamily?, at snapshot: Snapshot?,
    _ body: (UnsafeRawBufferPointer?) throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    let (view, sequence) = try reading(snapshot)
    return try reader.withValue(of: userKey, in: family, of: view, at: sequence, body)
  }

  func cursor(
    in family: LiveFamily?, at snapshot: Snapshot?, from: [UInt8]?, to: [UInt8]?, prefix: [UInt8]? = nil
  ) throws(DatabaseError) -> Cursor {
    let (view, sequence) = try reading(snapshot)
    return try reader.cursor(in: family, of: view, at: sequence, holding: snapshot, from: from, to: to, prefix: prefix)
  }

  /// The sequence number of the newest operation on a key, deletions included; 0 when there is none.
  func newestSequence(of userKey: [UInt8], in family: LiveFamily?) throws(DatabaseError) -> SequenceNumber {
    try reader.newestSequence(of: userKey, in: family, of: views.load())
  }
}
