/// Metrics in the text format 0.0.4, read as strictly as a scraper would: HELP and TYPE once before their samples, no
/// sample twice, no timestamps, a newline at the end.
struct PrometheusText {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  struct Sample: Hashable {
    var name: String
    var labels: [String: String]
  }

  private(set) var samples: [Sample: Double] = [:]
  private var typed: Set<String> = []

  init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Failure(description: "no newline at the end") }
    var helped = ""
    for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      if line.hasPrefix("# HELP ") {
        guard words.count == 4, !typed.contains(words[2]) else { throw Failure(description: line) }
        helped = words[2]
      } else if line.hasPrefix("# TYPE ") {
        guard words.count == 4, words[2] == helped, words[3] == "gauge", typed.insert(helped).inserted else {
          throw Failure(description: line)
        }
      } else {
        try add(line, of: helped)
      }
    }
  }

  /// `name{label="value",...} number`.
  private mutating func add(_ line: String, of metric: String) throws {
    guard let open = line.firstIndex(of: "{"), String(line[..<open]) == metric, typed.contains(metric) else {
      throw Failure(description: line)
    }
    var labels: [String: String] = [:]
    var rest = line[line.index(after: open)...]
    while rest.first != "}" {
      guard let equals = rest.firstIndex(of: "=") else { throw Failure(description: line) }
      let name = String(rest[..<equals])
      rest = rest[rest.index(after: equals)...]
      guard rest.popFirst() == "\"" else { throw Failure(description: line) }
      var value = ""
      while let next = rest.popFirst(), next != "\"" {
        guard next == "\\" else {
          value.append(next)
          continue
        }
        switch rest.popFirst() {
        case "n": value.append("\n")
        case let escaped? where escaped == "\\" || escaped == "\"": value.append(escaped)
        default: throw Failure(description: line)
        }
      }
      guard labels.updateValue(value, forKey: name) == nil else { throw Failure(description: line) }
      if rest.first == "," { rest = rest.dropFirst() }
    }
    guard rest.hasPrefix("} "), let number = Double(rest.dropFirst(2)) else { throw Failure(description: line) }
    guard samples.updateValue(number, forKey: Sample(name: metric, labels: labels)) == nil else {
      throw Failure(description: "twice: \(line)")
    }
  }

  /// The only sample of a metric whose labels are `db` and `more`.
  subscript(name: String, db: String, more: [String: String] = [:]) -> Double? {
    samples[Sample(name: name, labels: more.merging(["db": db]) { first, _ in first })]
  }
}
