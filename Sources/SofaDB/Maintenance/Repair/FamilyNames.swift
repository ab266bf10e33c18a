/// Which of the names in OPTIONS belong to column families that only logs know. OPTIONS lists the living families in
/// the order of their numbers, which it does not say.
struct FamilyNames {
  /// By number.
  private(set) var names: [UInt32: String] = [:]
  /// Families that are listed and of which nothing else tells: they get numbers that are free.
  private(set) var empty: [(id: UInt32, name: String)] = []

  /// `listed`: the names in OPTIONS; `known`: numbers of some of them; `unknown`: numbers in logs, of families that
  /// live or were dropped; `used`: the highest number that any family had.
  init(_ listed: [String], known: [String: UInt32], unknown: Set<UInt32>, used: UInt32) {
    var free = unknown
    var upper = UInt32.max
    // From the newest family on: numbers only grow.
    for (place, name) in listed.enumerated().reversed() {
      if let id = known[name] {
        upper = min(upper, id)
        continue
      }
      let lower = listed[..<place].compactMap { known[$0] }.max() ?? 0
      guard let id = free.filter({ $0 > lower && $0 < upper }).max() else { continue }
      names[id] = name
      free.remove(id)
      upper = id
    }
    let taken = Set(names.values).union(known.keys)
    var next = (Array(known.values) + Array(unknown) + [used]).max() ?? 0
    for name in listed where !taken.contains(name) && next < UInt32.max {
      next += 1
      empty.append((next, name))
    }
  }
}
