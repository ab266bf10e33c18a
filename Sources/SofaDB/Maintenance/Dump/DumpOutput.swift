/// Where a dump goes. Called by one thread at a time, in order.
public protocol DumpOutput: AnyObject, Sendable {
  /// The next bytes of the dump, many lines at once.
  func write(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError)
  /// Something is wrong with the files; the dump goes on.
  func report(_ finding: Finding)
}
