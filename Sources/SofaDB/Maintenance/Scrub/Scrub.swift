internal import Synchronization

/// A check of a database that is spread over many runs: remembers which files were checked in this round, and says
/// which one is next. Safe to share between threads; `Verify` is told of it and fills it.
public final class Scrub: Sendable {
  /// What a run has before it.
  struct Plan {
    /// Tasks that an earlier run of the round did, with what came of them.
    var remembered: [(index: Int, outcome: AuditOutcome)] = []
    /// The others, oldest check first, those that were never checked before all.
    var pending: [Int] = []
  }

  private struct Known {
    var state: ScrubState
    /// Of the tasks of this run, by index, as they were before anything was read.
    var identities: [(name: String, identity: ScrubRecord.Identity)?] = []
  }

  private let known: Mutex<Known>
  private let time: any TimeSource
  private let level = Mutex(VerifyLevel.full)

  public init(_ state: ScrubState = ScrubState(), time: any TimeSource = SystemTime()) {
    known = Mutex(Known(state: state))
    self.time = time
  }

  /// To be saved after each run, however it ended.
  public var state: ScrubState { known.withLock { $0.state } }

  /// Sorts the tasks of a run; `attributes` are those of their files, nil where there is none.
  func plan(_ names: [String], _ attributes: [FileAttributes?], level: VerifyLevel) -> Plan {
    self.level.withLock { $0 = level }
    return known.withLock { known in
      var plan = Plan()
      var ages: [UInt64] = []
      known.identities = zip(names, attributes).map { name, attributes in
        attributes.map { (name, ScrubRecord.Identity($0)) }
      }
      // Files that are gone will not be asked for again: numbers are used once.
      let present = Set(names)
      known.state.files = known.state.files.filter { present.contains($0.key) }
      for index in names.indices {
        let record = known.state.files[names[index]]
        let isSame = record != nil && record?.identity == known.identities[index]?.identity
        if let record, isSame, record.round == known.state.round, record.level >= level {
          plan.remembered.append((index, record.outcome))
        } else {
          plan.pending.append(index)
        }
        ages.append(isSame ? record?.verified ?? 0 : 0)
      }
      plan.pending.sort { (ages[$0], $0) < (ages[$1], $1) }
      return plan
    }
  }

  /// The file of a task was checked in full. Logs are not remembered: they grow, and what they hold is held against
  /// other files in every run.
  func remember(_ index: Int, _ outcome: AuditOutcome) {
    let (depth, now) = (level.withLock { $0 }, time.now)
    known.withLock { known in
      guard known.identities.indices.contains(index), let file = known.identities[index] else { return }
      if case .log = DatabaseFile(name: file.name) { return }
      var outcome = outcome
      for number in outcome.findings.indices {
        // Keys of entries are the user's and are not written anywhere.
        (outcome.findings[number].from, outcome.findings[number].to) = (nil, nil)
      }
      known.state.files[file.name] = ScrubRecord(
        name: file.name, identity: file.identity, verified: now, round: known.state.round, level: depth,
        outcome: outcome)
    }
  }

  /// Every file was checked, and what only all together tell.
  func finishRound() { known.withLock { $0.state.round &+= 1 } }
}
