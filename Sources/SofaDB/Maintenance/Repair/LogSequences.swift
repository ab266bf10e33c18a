/// Holds the logs that are replayed against each other by the sequence numbers of their batches.
///
/// An engine counts all writes of a database in one row, and each goes to the newest log. What a damaged stretch held
/// lies between the batches before and behind it, in whatever log those are. Where numbers are missing and nothing is
/// damaged, a log was cut between two records, or a whole log is gone. What the end of the newest log held, nothing may
/// remember.
///
/// Writes that went past the logs and ingested tables take numbers too. Ingested ones can be counted; where numbers are
/// missing inside a sound log, the program is one that writes past the logs, and missing numbers prove nothing.
struct LogSequences {
  /// Ascending by log and offset. Gap number `i` lies before place `i`, the last one behind all places.
  private let places: [(log: UInt64, run: LogRun)]
  /// By gap: the smallest number that can be missing there.
  private let reached: [SequenceNumber]
  /// Of prepared batches nothing follows: they take their numbers when they are committed.
  private let isCounted: Bool
  /// The largest number that a table or the MANIFEST knows.
  private let last: SequenceNumber
  /// Ascending: numbers of ingested tables.
  private let ingested: [SequenceNumber]

  /// `logs` ascend by number. `first`: tables have all smaller numbers; 0 where nothing tells.
  init(
    _ logs: [LogSalvage], first: SequenceNumber, last: SequenceNumber, ingested: some Sequence<SequenceNumber>
  ) {
    places = logs.flatMap { log in log.runs.map { (log.number, $0) } }
    var reached = [first]
    for place in places { reached.append(max(reached[reached.count - 1], place.run.sequences.upperBound)) }
    self.reached = reached
    self.last = min(last, SequenceNumber.maximum)
    self.ingested = ingested.sorted()
    isCounted = !logs.contains { $0.facts.hasTransactions }
  }

  /// The gap that byte `offset` of a log lies in; nil inside of what can be read.
  private func gap(_ log: UInt64, _ offset: UInt64) -> Int? {
    let index = LogSequences.count(of: places.count) { (places[$0].log, places[$0].run.offset) <= (log, offset) }
    if index > 0, places[index - 1].log == log, offset < places[index - 1].run.end { return nil }
    return index
  }

  private func gap(_ loss: RepairLoss) -> Int? {
    DatabaseFile(name: loss.file).number.flatMap { gap($0, loss.offset ?? 0) }
  }

  private func ingested(in numbers: Range<SequenceNumber>) -> UInt64 {
    let end = LogSequences.count(of: ingested.count) { ingested[$0] < numbers.upperBound }
    return UInt64(end - LogSequences.count(of: end) { ingested[$0] < numbers.lowerBound })
  }

  /// Of `count` things in order, how many at the beginning fit.
  private static func count(of count: Int, _ fits: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if fits(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Damage

  /// Says which numbers each of the `losses`, ordered as the logs are, can have taken. A count of 0 says that none is
  /// missing.
  func name(_ losses: inout [RepairLoss]) {
    guard isCounted else { return }
    let gaps = losses.map { gap($0) }
    for (index, gap) in gaps.enumerated() {
      guard let gap else {
        losses[index].count = 0
        continue
      }
      let first = reached[gap]
      losses[index].firstSequence = first == 0 ? nil : first
      // Nothing tells how far it went.
      guard gap < places.count else { continue }
      let end = places[gap].run.sequences.lowerBound
      guard end > first else {
        if end == first { losses[index].count = 0 }
        losses[index].firstSequence = nil
        continue
      }
      losses[index].lastSequence = end - 1
      guard first > 0 else { continue }
      let others = ingested(in: first..<end)
      losses[index].count = end - first - others
      let isAlone = (index == 0 || gaps[index - 1] != gap) && (index + 1 == gaps.count || gaps[index + 1] != gap)
      losses[index].isExact = gap > 0 && others == 0 && isAlone
    }
  }

  // MARK: Where nothing is damaged

  /// Missing numbers that no damage explains; `losses` are known already. `knowsBegin`: whether the first of the logs
  /// was begun before `last` was the newest number, or right then.
  func unexplained(_ losses: [RepairLoss], knowsBegin: Bool) -> [RepairLoss] {
    guard isCounted, let begin = places.first, let end = places.last else { return [] }
    let damaged = Set(losses.compactMap { gap($0) })
    var found: [RepairLoss] = []
    func add(_ numbers: Range<SequenceNumber>, _ log: UInt64, _ offset: UInt64, _ detail: String) {
      let count = UInt64(numbers.count) - ingested(in: numbers)
      guard count > 0 else { return }
      var loss = RepairLoss(.logRecords, file: DatabaseFile.log(log).name, detail: detail)
      loss.offset = offset
      (loss.firstSequence, loss.lastSequence) = (numbers.lowerBound, numbers.upperBound - 1)
      loss.count = count
      loss.mayResurface = true
      found.append(loss)
    }
    let first = begin.run.sequences.lowerBound
    if knowsBegin, first > last + 1, !damaged.contains(0) {
      add(
        last + 1..<first, begin.log, 0,
        "sequence numbers are missing before it: a log is gone, or the program wrote past the logs")
    }
    for index in places.indices.dropFirst() {
      let (before, behind) = (places[index - 1], places[index])
      let (next, lower) = (reached[index], behind.run.sequences.lowerBound)
      guard lower > next, !damaged.contains(index) else { continue }
      if before.log == behind.log {
        if ingested(in: next..<lower) == lower - next { continue }
        return []
      }
      add(
        next..<lower, before.log, before.run.end,
        "it ends behind a whole record, and \(DatabaseFile.log(behind.log).name) begins with a later sequence number: "
          + "the end of it or a log between them is lost, or the program wrote past the logs")
    }
    let next = reached[places.count]
    if last >= next, !damaged.contains(places.count) {
      add(
        next..<last + 1, end.log, end.run.end,
        "it ends behind a whole record, and the MANIFEST or a table knows later sequence numbers: its end or a log "
          + "behind it is lost, or the program wrote past the logs")
    }
    return found
  }
}
