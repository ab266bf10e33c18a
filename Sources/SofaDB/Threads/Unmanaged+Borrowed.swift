extension Unmanaged {
  /// Calls `body` with the object, which somebody else keeps alive until `body` returns: no reference is counted, over
  /// which threads would fight.
  @inline(__always)
  func borrowed<Value, Failure: Error>(_ body: (Instance) throws(Failure) -> Value) throws(Failure) -> Value {
    // The function of the standard library passes on any error, and does not say which.
    try _withUnsafeGuaranteedRef { object in Result { () throws(Failure) in try body(object) } }.get()
  }
}
