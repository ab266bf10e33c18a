import Testing

/// What a check found, all of it at once, each as `path:line: sentence`.
struct Offences {
  private(set) var lines: [String] = []

  mutating func add(_ path: String, line: Int? = nil, _ sentence: String) {
    lines.append(path + (line.map { ":\($0)" } ?? "") + ": " + sentence)
  }

  /// One issue that lists every offence.
  func expectNone(sourceLocation: SourceLocation = #_sourceLocation) {
    guard !lines.isEmpty else { return }
    Issue.record("\(lines.count) offences:\n\(lines.joined(separator: "\n"))", sourceLocation: sourceLocation)
  }
}
