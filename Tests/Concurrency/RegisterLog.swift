/// Calls on single keys with their times, and whether each key behaved like one register: whether the calls can be put
/// in an order in which every read gives what was written last, and no call comes before one that had ended when it
/// began.
///
/// Source of the check: Wing and Gong, "Testing and Verifying Concurrent Objects"; of the memory of dead ends: Lowe,
/// "Testing for Linearizability".
struct RegisterLog {
  enum Call: Equatable {
    case read([UInt8]?)
    /// nil for a deletion.
    case write([UInt8]?)
  }

  struct Entry {
    let key: [UInt8]
    let call: Call
    let start: UInt64
    let end: UInt64
  }

  /// Of one key: as many as the bits of the set of those that have their place.
  static let limit = 64

  private(set) var entries: [Entry] = []

  mutating func add(_ key: [UInt8], _ call: Call, from start: UInt64, to end: UInt64) {
    entries.append(Entry(key: key, call: call, start: start, end: end))
  }

  mutating func add(_ other: RegisterLog) { entries += other.entries }

  /// Keys whose calls have no such order.
  var impossibleKeys: [[UInt8]] {
    Dictionary(grouping: entries, by: \.key).filter { !RegisterLog.isPossible($0.value) }.map(\.key)
  }

  private struct State: Hashable {
    var placed: UInt64
    /// The entry that wrote last; -1 for none.
    var writer: Int
  }

  private static func isPossible(_ calls: [Entry]) -> Bool {
    precondition(calls.count <= limit, "\(calls.count) calls on a key")
    let calls = calls.sorted { $0.start < $1.start }
    let all = calls.count == limit ? UInt64.max : (1 << UInt64(calls.count)) - 1
    var seen: Set<State> = []
    var waiting = [State(placed: 0, writer: -1)]
    while let state = waiting.popLast() {
      if state.placed == all { return true }
      guard seen.insert(state).inserted else { continue }
      let left = calls.indices.filter { state.placed & (1 << UInt64($0)) == 0 }
      let firstEnd = left.lazy.map { calls[$0].end }.min() ?? 0
      for index in left where calls[index].start <= firstEnd {
        var next = State(placed: state.placed | 1 << UInt64(index), writer: state.writer)
        switch calls[index].call {
        case .write: next.writer = index
        case .read(let value): if value != written(state.writer, calls) { continue }
        }
        waiting.append(next)
      }
    }
    return false
  }

  private static func written(_ writer: Int, _ calls: [Entry]) -> [UInt8]? {
    guard writer >= 0, case .write(let value) = calls[writer].call else { return nil }
    return value
  }
}
