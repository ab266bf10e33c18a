internal import Synchronization

/// What one thread needs to add to the targets: where its last entries went.
final class WriteFingers {
  private var owner: WriteTargets?
  /// One for each target.
  private var fingers: UnsafeMutablePointer<Memtable.Finger>?

  init() {}

  deinit { fingers?.deallocate() }

  /// Adds the operations of a batch, the first with `sequence`. Operations of families that were dropped are left out.
  func add(
    _ batch: UnsafeRawBufferPointer, sequence: SequenceNumber, to targets: WriteTargets
  ) throws(FormatError) {
    if owner !== targets {
      owner = targets
      fingers?.deallocate()
      let made = UnsafeMutablePointer<Memtable.Finger>.allocate(capacity: targets.targets.count)
      made.initialize(repeating: Memtable.Finger(), count: targets.targets.count)
      fingers = made
    }
    let fingers = fingers!
    var reader = try WriteBatchReader(batch)
    var next = sequence
    var touchesDefault = false
    while let operation = try reader.next() {
      guard let kind = operation.entryKind else { continue }
      defer { next += 1 }
      guard let place = targets.place(of: operation.family) else { continue }
      targets.targets[place].memtable.add(
        userKey: operation.key, sequence: next, kind: kind, value: operation.value, finger: &(fingers + place).pointee)
      if place == 0 { touchesDefault = true } else { note(place, targets) }
    }
    if touchesDefault { note(0, targets) }
  }

  private func note(_ place: Int, _ targets: WriteTargets) {
    let target = targets.targets[place]
    if target.memtable.bytes >= target.limit { targets.isFull.store(true, ordering: .relaxed) }
  }
}
