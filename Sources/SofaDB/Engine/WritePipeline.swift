internal import CSofaKernels
internal import Glibc
internal import Synchronization

/// Orders all writes, and lets many of them share one record and one sync of the log.
///
///     queue:   T9 T8 | T7 T6 T5          T4 T3          T2 T1
///              waiting  group being       group being    visible
///                       logged by T5      added by T3
///
/// 1. A writer queues its ticket. The first in the queue leads: it makes room, takes those behind it into its group,
///    gives them sequence numbers, appends one record to the log and syncs it if one of them asks for that.
/// 2. The group leaves the queue, and the next first in it leads on. So the next group is logged while
/// 3. the leader adds the group to the memtables,
/// 4. waits until all groups before are visible, makes its own visible, and wakes the others, whose writes are done.
///
/// A leader that is about to sync waits a moment for those whom the sync before has let go: they are on their way back,
/// and one sync serves all. Without that, half of the writers would always just miss it.
///
/// When the log fails, all of the group fail, and so does every write until the log is replaced. Work that must have
/// the memtables and the log for itself runs as a ticket as well, after all groups before it are visible.
///
/// A writer that finds nobody leading and nobody waiting takes these steps without a ticket and without the mutex, and
/// waits a moment for that, as long as nobody has queued: most writes take less time than to sleep and be woken.
///
/// Source of the grouping: LevelDB's `DBImpl::Write`; of the two stages and of the short wait: RocksDB's pipelined
/// write and its adaptive waiting; of the wait for company: PostgreSQL's `commit_delay` and `commit_siblings`.
final class WritePipeline: @unchecked Sendable {
  /// Bytes of a record that groups are merged into; a single larger batch stays alone.
  private static let groupLimit = 1 << 20
  /// A small write does not wait for more than this, in bytes.
  private static let smallGroupExtra = 128 << 10

  /// How often a writer looks whether it may go on before it sleeps: some microseconds.
  private static let patience = 400
  /// Nobody waits longer than this for others who may share the sync, in seconds.
  private static let longestGathering = 0.001
  // Parts of `lead`.
  private static let isLed: UInt32 = 1
  private static let isQueued: UInt32 = 2

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let visibility: UnsafeMutablePointer<pthread_cond_t>
  private var head: WriteTicket?
  private var tail: WriteTicket?
  /// Whether somebody leads; whether there is a queue, which changes under the mutex.
  private let lead = Atomic<UInt32>(0)
  /// Tickets in the queue.
  private let queued = Atomic<Int>(0)
  /// How many the next sync may serve: those whom the last one served, and those who came too late for it.
  private let company = Atomic<Int>(1)
  /// All up to here is in the memtables.
  private let lastAdded: Atomic<SequenceNumber>
  private let gate = WriterGate(places: Workers.processors)
  /// How many sleep until `lastAdded` grows.
  private let visibilityWaiters = Atomic<Int>(0)
  /// More writers than these at once make their own.
  private let spareFingers = Spares<WriteFingers>(limit: 4)

  // Owned by whoever leads.
  private var lastAssigned: SequenceNumber
  /// What the last sync took.
  private var syncSeconds = 0.0
  var log: WriteAheadLog?
  /// Replaced only when all that was logged has been added: nobody is on the way to the old ones then, and only fingers
  /// keep them alive.
  var targets: WriteTargets { didSet { spareFingers.forget() } }
  /// Written since `makeRoom` set it to 0.
  var unpaidBytes = 0
  private var merged = ByteWriter(capacity: 64 << 10)

  /// What readers may see.
  let visible: Atomic<SequenceNumber>
  /// Makes room for a group; called by whoever leads. Throws when nothing may be written.
  private let makeRoom: @Sendable (WritePipeline) throws(DatabaseError) -> Void
  /// Told when the log has failed.
  private let logFailed: @Sendable (DatabaseError) -> Void

  init(
    lastSequence: SequenceNumber, targets: WriteTargets,
    makeRoom: @escaping @Sendable (WritePipeline) throws(DatabaseError) -> Void,
    logFailed: @escaping @Sendable (DatabaseError) -> Void
  ) {
    mutex = .allocate(capacity: 1)
    visibility = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(visibility, nil)
    lastAssigned = lastSequence
    lastAdded = Atomic(lastSequence)
    visible = Atomic(lastSequence)
    self.targets = targets
    self.makeRoom = makeRoom
    self.logFailed = logFailed
  }

  deinit {
    pthread_cond_destroy(visibility)
    pthread_mutex_destroy(mutex)
    visibility.deallocate()
    mutex.deallocate()
  }

  // MARK: Calls

  /// Returns when the write is logged, visible, and durable if asked. `batch` holds header and operations; the header
  /// is changed.
  func write(
    _ batch: UnsafeMutableRawBufferPointer, count: UInt64, namesFamilies: Bool, _ options: WriteOptions
  ) throws(DatabaseError) {
    // Whoever waits for the disk needs no processor, and the more of them the better.
    if !options.sync { gate.enter() }
    defer { if !options.sync { gate.leave() } }
    let isAlone = !options.sync || company.load(ordering: .relaxed) == 1
    if !namesFamilies, isAlone, leadAlone(waits: !options.sync) {
      try writeUnqueued(batch, count, options)
    } else {
      try write(WriteTicket(batch, count: count, namesFamilies: namesFamilies, options: options))
    }
  }

  /// The steps of `write` where nobody waits and nobody is taken along: without a ticket.
  private func writeUnqueued(
    _ batch: UnsafeMutableRawBufferPointer, _ count: UInt64, _ options: WriteOptions
  ) throws(DatabaseError) {
    do throws(DatabaseError) { try makeRoom(self) } catch {
      stopLeading()
      throw error
    }
    // Changed by nobody but whoever leads.
    let first = lastAssigned + 1
    lastAssigned += count
    unpaidBytes += batch.count
    let targets = self.targets
    var failure: DatabaseError?
    if options.usesLog {
      do throws(DatabaseError) {
        guard let log else { throw DatabaseError(.io(EIO), "the log is closed") }
        batch.storeBytes(of: first.littleEndian, as: UInt64.self)
        try log.append(UnsafeRawBufferPointer(batch))
        if options.sync { try sync(log) }
      } catch {
        failure = error
        logFailed(error)
      }
    }
    stopLeading()
    if failure == nil, count > 0 {
      let fingers = spareFingers.take() ?? WriteFingers()
      do throws(FormatError) {
        try fingers.add(UnsafeRawBufferPointer(batch), sequence: first, to: targets)
      } catch {
        failure = DatabaseError(.invalid, "a malformed batch: \(error.reason)")
      }
      spareFingers.give(fingers)
    }
    publish(first - 1, first + count - 1)
    if let failure { throw failure }
  }

  private func write(_ ticket: WriteTicket) throws(DatabaseError) {
    guard enter(ticket) else {
      if let failure = ticket.failure { throw failure }
      return
    }
    do throws(DatabaseError) { try makeRoom(self) } catch {
      ticket.failure = error
      leave(upTo: ticket)
      throw error
    }
    if ticket.options.sync { awaitCompany() }
    let group = number(ticket, through: lastOfGroup(ticket))
    appendToLog(group)
    try add(group)
  }

  /// Runs `body` while nobody else writes and all that was written is visible.
  func exclusively<Result>(
    _ body: () throws(DatabaseError) -> Result
  ) throws(DatabaseError) -> Result {
    let ticket = WriteTicket()
    _ = enter(ticket)
    drain()
    defer { leave(upTo: ticket) }
    return try body()
  }

  /// Writes a batch from within `exclusively`.
  func writeAlone(_ ticket: WriteTicket) throws(DatabaseError) {
    try makeRoom(self)
    let group = number(ticket, through: ticket)
    appendToLog(group, leaves: false)
    try add(group)
  }

  /// Gives out a number that no write gets; from within `exclusively`.
  func takeSequence() -> SequenceNumber {
    lastAssigned += 1
    lastAdded.store(lastAssigned, ordering: .releasing)
    return lastAssigned
  }

  /// Makes numbers that `takeSequence` gave visible.
  func publish() { visible.store(lastAssigned, ordering: .releasing) }

  /// Waits until all that was logged is in the memtables. For whoever leads.
  func drain() { waitUntilAdded(lastAssigned) }

  // MARK: Steps

  private struct Group {
    let leader: WriteTicket
    /// Of the tickets that are linked behind the leader; perhaps the leader itself.
    let last: WriteTicket
    /// The numbers given, from `first` up to but not including `end`.
    let first: SequenceNumber
    var end: SequenceNumber
    var size = 0
    let targets: WriteTargets

    @inline(__always)
    func forEach(_ body: (WriteTicket) -> Void) {
      var ticket = leader
      while true {
        body(ticket)
        guard ticket !== last, let next = ticket.next else { return }
        ticket = next
      }
    }
  }

  /// Queues; true when the caller leads, false when somebody else has done its work.
  private func enter(_ ticket: WriteTicket) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if let tail { tail.next = ticket } else { head = ticket }
    tail = ticket
    queued.add(1, ordering: .relaxed)
    lead.bitwiseOr(WritePipeline.isQueued, ordering: .relaxed)
    while !ticket.isDone {
      if head === ticket, changeLead(from: WritePipeline.isQueued, to: WritePipeline.isQueued | WritePipeline.isLed) {
        return true
      }
      ticket.wait(mutex)
    }
    return false
  }

  /// True when nobody leads and nobody waits: the caller leads then.
  private func leadAlone(waits: Bool) -> Bool {
    var looks = waits ? WritePipeline.patience : 1
    while looks > 0 {
      let now = lead.load(ordering: .relaxed)
      if now == 0, changeLead(from: 0, to: WritePipeline.isLed) { return true }
      if now & WritePipeline.isQueued != 0 { return false }
      sofa_pause()
      looks &-= 1
    }
    return false
  }

  /// Lets the first that has queued meanwhile lead on.
  private func stopLeading() {
    if changeLead(from: WritePipeline.isLed, to: 0) { return }
    pthread_mutex_lock(mutex)
    lead.bitwiseAnd(~WritePipeline.isLed, ordering: .releasing)
    head?.wake()
    pthread_mutex_unlock(mutex)
  }

  @inline(__always)
  private func changeLead(from old: UInt32, to new: UInt32) -> Bool {
    lead.compareExchange(
      expected: old, desired: new, successOrdering: .acquiringAndReleasing, failureOrdering: .relaxed
    ).exchanged
  }

  /// Takes the queue up to and including `ticket` off, `size` in all, and lets the next one lead.
  private func leave(upTo ticket: WriteTicket, size: Int = 1, isSynced: Bool = false) {
    pthread_mutex_lock(mutex)
    let left = queued.subtract(size, ordering: .relaxed).newValue
    if isSynced { company.store(size + left, ordering: .relaxed) }
    head = ticket.next
    if head == nil { tail = nil }
    ticket.next = nil
    lead.store(head == nil ? 0 : WritePipeline.isQueued, ordering: .releasing)
    head?.wake()
    pthread_mutex_unlock(mutex)
  }

  /// Before a sync: waits for as many as may share it, and no longer than a part of what it takes.
  private func awaitCompany() {
    let expected = company.load(ordering: .relaxed)
    guard queued.load(ordering: .relaxed) < expected else { return }
    let end = MonotonicClock.seconds + min(syncSeconds / 2, WritePipeline.longestGathering)
    repeat { sched_yield() } while queued.load(ordering: .relaxed) < expected && MonotonicClock.seconds < end
  }

  /// The last of the tickets that are written with `leader`.
  private func lastOfGroup(_ leader: WriteTicket) -> WriteTicket {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    var last = leader
    var size = leader.batch.count
    let limit = min(WritePipeline.groupLimit, size + WritePipeline.smallGroupExtra)
    while let ticket = last.next, !ticket.isExclusive, ticket.options.usesLog == leader.options.usesLog,
      leader.options.sync || !ticket.options.sync, size + ticket.batch.count <= limit
    {
      size += ticket.batch.count
      last = ticket
    }
    return last
  }

  /// Gives the operations of a group their numbers, but for tickets that name a family which is not there: those fail.
  private func number(_ leader: WriteTicket, through last: WriteTicket) -> Group {
    let first = lastAssigned + 1
    var group = Group(leader: leader, last: last, first: first, end: first, targets: targets)
    group.forEach { ticket in
      group.size += 1
      unpaidBytes += ticket.batch.count
      if ticket.namesFamilies { ticket.failure = refusal(of: ticket) }
      guard ticket.failure == nil else { return }
      ticket.sequence = group.end
      group.end += ticket.count
    }
    lastAssigned = group.end - 1
    return group
  }

  private func refusal(of ticket: WriteTicket) -> DatabaseError? {
    do throws(FormatError) {
      var reader = try WriteBatchReader(UnsafeRawBufferPointer(ticket.batch))
      while let operation = try reader.next() {
        if operation.entryKind != nil, targets.place(of: operation.family) == nil {
          return DatabaseError(.invalid, "there is no column family \(operation.family), or not any more")
        }
      }
      return nil
    } catch {
      return DatabaseError(.invalid, "a malformed batch: \(error.reason)")
    }
  }

  /// One record for all, and one sync. Then the group leaves the queue.
  private func appendToLog(_ group: Group, leaves: Bool = true) {
    var count = 0
    var isSynced = false
    defer { if leaves { leave(upTo: group.last, size: group.size, isSynced: isSynced) } }
    guard group.leader.options.usesLog else { return }
    var only = group.leader
    group.forEach { ticket in
      guard ticket.failure == nil else { return }
      count += 1
      isSynced = isSynced || ticket.options.sync
      only = ticket
    }
    if count == 0 { return }
    do throws(DatabaseError) {
      guard let log else { throw DatabaseError(.io(EIO), "the log is closed") }
      if count == 1 {
        only.batch.storeBytes(of: only.sequence.littleEndian, as: UInt64.self)
        try log.append(UnsafeRawBufferPointer(only.batch))
      } else {
        try log.append(merge(group))
      }
      if isSynced { try sync(log) }
    } catch {
      group.forEach { ticket in
        if Mutant.followersNotTold.isOn, ticket !== group.leader { return }
        ticket.failure = ticket.failure ?? error
      }
      logFailed(error)
    }
  }

  private func sync(_ log: WriteAheadLog) throws(DatabaseError) {
    let start = MonotonicClock.seconds
    try log.sync()
    syncSeconds = MonotonicClock.seconds - start
  }

  /// The batches as one.
  private func merge(_ group: Group) -> UnsafeRawBufferPointer {
    merged.removeAll()
    merged.appendFixed64(group.first)
    merged.appendFixed32(UInt32(truncatingIfNeeded: group.end - group.first))
    group.forEach { ticket in
      guard ticket.failure == nil else { return }
      merged.append(UnsafeRawBufferPointer(rebasing: ticket.batch[WriteBatchFormat.headerSize...]))
    }
    return merged.bytes
  }

  /// Adds the group to the memtables, makes it visible, and wakes its writers.
  private func add(_ group: Group) throws(DatabaseError) {
    if group.first < group.end { addToMemtables(group) }
    publish(group.first - 1, group.end - 1)
    if group.size > 1 {
      pthread_mutex_lock(mutex)
      group.forEach { $0.isDone = true }
      pthread_mutex_unlock(mutex)
      // Not before: whoever wakes takes the mutex first. The leader's links keep all of them alive.
      group.forEach { if $0 !== group.leader { $0.wake() } }
    }
    if let failure = group.leader.failure { throw failure }
  }

  private func addToMemtables(_ group: Group) {
    let fingers = spareFingers.take() ?? WriteFingers()
    group.forEach { ticket in
      guard ticket.failure == nil else { return }
      do throws(FormatError) {
        try fingers.add(UnsafeRawBufferPointer(ticket.batch), sequence: ticket.sequence, to: group.targets)
      } catch {
        ticket.failure = DatabaseError(.invalid, "a malformed batch: \(error.reason)")
      }
    }
    spareFingers.give(fingers)
  }

  /// Makes all up to `last` visible, once all up to `before` is.
  private func publish(_ before: SequenceNumber, _ last: SequenceNumber) {
    waitUntilAdded(before)
    // Without operations: those behind may be through already, and must not be taken back.
    if last == before { return }
    visible.store(last, ordering: .releasing)
    // Whoever is about to sleep either sees this or is seen below.
    lastAdded.store(last, ordering: .sequentiallyConsistent)
    if visibilityWaiters.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(mutex)
      pthread_cond_broadcast(visibility)
      pthread_mutex_unlock(mutex)
    }
  }

  private func waitUntilAdded(_ sequence: SequenceNumber) {
    for _ in 0..<WritePipeline.patience {
      if lastAdded.load(ordering: .acquiring) >= sequence { return }
      sofa_pause()
    }
    pthread_mutex_lock(mutex)
    visibilityWaiters.add(1, ordering: .sequentiallyConsistent)
    while lastAdded.load(ordering: .sequentiallyConsistent) < sequence { pthread_cond_wait(visibility, mutex) }
    visibilityWaiters.subtract(1, ordering: .relaxed)
    pthread_mutex_unlock(mutex)
  }
}
