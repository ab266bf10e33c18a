/// What fell out of a part of a block cache lately, by fingerprint: a name costs eight bytes and one cache line, and a
/// wrong answer only moves a block to the wrong queue.
///
/// A fingerprint stands in one of two places; where both are taken, the older one is forgotten early.
struct GhostTable: Sendable {
  private struct Slot: Sendable {
    /// The number of the insertion, counted modulo 2^32; 0 only in slots that nobody used, or by chance.
    var time: UInt32
    var fingerprint: UInt32
  }

  /// Bytes for each name that is to be remembered, at most.
  static let overhead = 4 * MemoryLayout<Slot>.stride

  /// Pairs, a power of two of them; at least twice as many slots as names.
  private var slots = [Slot](repeating: Slot(time: 0, fingerprint: 0), count: 32)
  /// Of the last insertion.
  private var time: UInt32

  /// `time`: where to begin to count.
  init(time: UInt32 = 1 << 31) { self.time = time }

  /// Whether the hash was among the last `count` insertions. Rarely wrong, either way.
  func contains(_ hash: UInt64, among count: Int) -> Bool {
    let fingerprint = UInt32(truncatingIfNeeded: hash)
    let pair = pair(of: fingerprint)
    return isKnown(fingerprint, slots[pair], count) || isKnown(fingerprint, slots[pair + 1], count)
  }

  private func isKnown(_ fingerprint: UInt32, _ slot: Slot, _ count: Int) -> Bool {
    slot.fingerprint == fingerprint && Int(time &- slot.time) < count
  }

  /// `count`: how many are to be remembered.
  mutating func insert(_ hash: UInt64, among count: Int) {
    if 2 * count > slots.count { grow() }
    time &+= 1
    put(Slot(time: time, fingerprint: UInt32(truncatingIfNeeded: hash)))
  }

  private mutating func put(_ slot: Slot) {
    let pair = pair(of: slot.fingerprint)
    let isSecondOlder = time &- slots[pair + 1].time > time &- slots[pair].time
    slots[isSecondOlder ? pair + 1 : pair] = slot
  }

  private func pair(of fingerprint: UInt32) -> Int { 2 * (Int(fingerprint) & (slots.count / 2 - 1)) }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(time: time &- (1 << 31), fingerprint: 0), count: 2 * old.count)
    for slot in old { put(slot) }
  }
}
