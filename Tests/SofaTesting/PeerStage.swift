/// What another engine does with a database before it hands it back, and what it said about it.
public struct PeerStage: Sendable {
  public var directory: String
  /// "name=value" as the engine's program takes them.
  public var options: [String]
  public var operations: [PeerOperation]
  /// The directory is copied to here as it is while the database is open.
  public var copy: String?

  public init(_ directory: String, options: [String], operations: [PeerOperation], copy: String?) {
    self.directory = directory
    self.options = options
    self.operations = operations
    self.copy = copy
  }

  public var lines: [String] {
    [(["open", directory] + options).joined(separator: " ")]
      + ["check"] + operations.map(\.line) + ["check"] + (copy.map { ["copy \($0)"] } ?? [])
  }

  /// What the engine read when it had opened the database, and at its end: "ENTRIES DIGEST" by family.
  public struct Answer: Sendable {
    public var before: [String: String]
    public var after: [String: String]
    /// nil when all went well.
    public var failure: String?
  }

  /// The answers by directory from what a program printed.
  static func answers(_ stages: [PeerStage], _ outcome: ChildProcess.Outcome) -> [String: Answer] {
    var answers: [String: Answer] = [:]
    var scans: [[String: String]] = []
    for line in outcome.lines {
      let words = line.split(separator: " ", maxSplits: 4).map(String.init)
      switch words.first {
      case "begin": scans = []
      case "cf" where words.count == 5:
        if words[4] == "default" { scans.append([:]) }
        if !scans.isEmpty { scans[scans.count - 1][words[4]] = words[2] + " " + words[3] }
      case "end" where words.count >= 3:
        let status = words[2...].joined(separator: " ")
        answers[words[1]] = Answer(
          before: scans.first ?? [:], after: scans.count > 1 ? scans[1] : [:],
          failure: status == "0" && scans.count == 2 ? nil : "status \(status): \(outcome.errors.suffix(2000))")
      default: break
      }
    }
    for stage in stages where answers[stage.directory] == nil {
      answers[stage.directory] = Answer(
        before: [:], after: [:], failure: "not reached: \(outcome.status) \(outcome.errors.suffix(2000))")
    }
    return answers
  }

  static func input(_ stages: [PeerStage]) -> [UInt8] {
    Array((stages.flatMap(\.lines).joined(separator: "\n") + "\n").utf8)
  }
}

extension RocksOracle {
  /// Carries out stages, each in a process of its own; the answers by directory.
  public func play(_ stages: [PeerStage]) throws -> [String: PeerStage.Answer] {
    PeerStage.answers(stages, try outcome(["play", "-"], input: PeerStage.input(stages)))
  }
}

extension NewerRocksDB {
  /// As `RocksOracle.play`, with rocksdict.
  public func play(_ stages: [PeerStage]) throws -> [String: PeerStage.Answer] {
    PeerStage.answers(stages, try run("play", PeerStage.input(stages)))
  }
}
