/// Finds the name that was probably meant, by the restricted Damerau-Levenshtein distance (insert, delete, replace,
/// swap two neighbours). Up to a third of the letters may be wrong; a name that continues what was typed counts too.
enum NearestName {
  static func find(_ typed: String, among names: [String]) -> String? {
    guard !typed.isEmpty else { return nil }
    // A hostile argument must not cost quadratic time; no name is that long.
    guard typed.utf8.count <= 64 else { return nil }
    let letters = Array(typed.lowercased())
    let allowed = max(1, letters.count / 3)
    let near = names.map { (name: $0, distance: distance(letters, Array($0.lowercased()))) }
      .filter { $0.distance <= allowed }
      .min { $0.distance < $1.distance }
    if let near { return near.name }
    return letters.count >= 2 ? names.first { $0.lowercased().hasPrefix(typed.lowercased()) } : nil
  }

  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
        row.append(best)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
