/// The sequence numbers that readers hold on to.
final class SnapshotList: Sendable {
  private let held = Monitor<[SequenceNumber: Int]>([:])

  /// Holds what `newest` says; flushes and compactions that begin afterwards keep what that number sees.
  func hold(_ newest: () -> SequenceNumber) -> SequenceNumber {
    held.change { held in
      let sequence = newest()
      held[sequence, default: 0] += 1
      return sequence
    }
  }

  func release(_ sequence: SequenceNumber) {
    held.change { held in
      let count = held[sequence, default: 1] - 1
      held[sequence] = count > 0 ? count : nil
    }
  }

  /// Runs `body` while there is no snapshot, and nobody takes one; false, and nothing is done, when there is one.
  func whileNone(_ body: () throws(DatabaseError) -> Void) throws(DatabaseError) -> Bool {
    let outcome = held.change { held -> Result<Bool, DatabaseError> in
      guard held.isEmpty else { return .success(false) }
      return Result { () throws(DatabaseError) in
        try body()
        return true
      }
    }
    return try outcome.get()
  }

  /// Ascending, each once.
  var all: [SequenceNumber] {
    let all = held.change { $0.keys.sorted() }
    return Mutant.snapshotAtZeroForgotten.isOn ? all.filter { $0 > 0 } : all
  }
}
