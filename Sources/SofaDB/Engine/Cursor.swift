/// Walks the keys of a column family as they were at one moment, forward and backward. Not positioned when it is made:
/// call one of the seeks. Keys and values are borrowed until the next step. One thread at a time; the database stays as
/// it was for the cursor for as long as it lives.
///
///     var cursor = try database.cursor(from: [0x61])
///     try cursor.seekToFirst()
///     while cursor.isValid {
///       print(cursor.key.count, cursor.value.count)
///       try cursor.next()
///     }
public struct Cursor: ~Copyable {
  private var visible: VisibleCursor
  private let view: ReadView
  private let snapshot: Snapshot?

  init(_ visible: consuming VisibleCursor, view: ReadView, snapshot: Snapshot?) {
    self.visible = visible
    self.view = view
    self.snapshot = snapshot
  }

  /// Whether it stands on a key. After an error it does not.
  public var isValid: Bool { visible.isValid }
  /// Without its timestamp, in families whose keys have some.
  public var key: UnsafeRawBufferPointer { visible.userKey }
  public var value: UnsafeRawBufferPointer { visible.value }

  public mutating func seekToFirst() throws(DatabaseError) { try visible.seekToFirst() }
  public mutating func seekToLast() throws(DatabaseError) { try visible.seekToLast() }
  /// To the first key at or behind `key`.
  public mutating func seek(_ key: [UInt8]) throws(DatabaseError) { try visible.seek(key) }
  /// To the last key at or before `key`.
  public mutating func seek(atOrBefore key: [UInt8]) throws(DatabaseError) { try visible.seek(atOrBefore: key) }
  public mutating func next() throws(DatabaseError) { try visible.next() }
  public mutating func previous() throws(DatabaseError) { try visible.previous() }
}
