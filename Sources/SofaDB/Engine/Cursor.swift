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
  /// The user key, without its timestamp in families whose keys have some. Borrowed until the next step.
  public var key: UnsafeRawBufferPointer { visible.userKey }
  /// The value as readers see it: merged, and fetched from a blob file where it is stored apart. Borrowed until the
  /// next step.
  public var value: UnsafeRawBufferPointer { visible.value }

  /// To the first key within the bounds. Throws `corruption` or `io` where a table cannot be read; the cursor may be
  /// sought anew then.
  public mutating func seekToFirst() throws(DatabaseError) { try visible.seekToFirst() }
  /// To the last key within the bounds.
  public mutating func seekToLast() throws(DatabaseError) { try visible.seekToLast() }
  /// To the first key at or behind `key`.
  public mutating func seek(_ key: [UInt8]) throws(DatabaseError) { try visible.seek(key) }
  /// To the last key at or before `key`.
  public mutating func seek(atOrBefore key: [UInt8]) throws(DatabaseError) { try visible.seek(atOrBefore: key) }
  /// To the following key. The cursor must be valid. Errors as `seekToFirst`.
  public mutating func next() throws(DatabaseError) { try visible.next() }
  /// To the key before. The cursor must be valid. Errors as `seekToFirst`.
  public mutating func previous() throws(DatabaseError) { try visible.previous() }
}
