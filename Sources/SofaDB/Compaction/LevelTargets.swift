/// How large each level of a leveled family should be, from the data that is there: the last level sets the size, each
/// level above it is a multiple smaller, and levels too small to be worth it stay empty. So nearly all data is always
/// in the last level, and space amplification is about 1.1 whatever the size of the database.
///
/// The rule is that of RocksDB's `level_compaction_dynamic_level_bytes`.
struct LevelTargets: Equatable {
  /// Where level 0 is compacted to: at least 1, and not below the topmost level that holds data.
  let baseLevel: Int
  /// Bytes by level; 0 above `baseLevel`.
  let bytes: [UInt64]

  init(_ family: ColumnFamily, _ options: CompactionOptions) {
    let sizes = family.levels.map { $0.reduce(UInt64(0)) { $0 &+ $1.size } }
    let last = sizes.count - 1
    let highest = options.baseLevelBytes
    let lowest = highest / options.levelMultiplier
    guard let first = (1...last).first(where: { sizes[$0] > 0 }) else {
      baseLevel = last
      bytes = (0...last).map { $0 == last ? highest : 0 }
      return
    }
    // What the topmost level with data would hold if the largest level were the last one's share.
    var size = sizes[1...].max() ?? 0
    for _ in first..<last { size /= options.levelMultiplier }
    var base = first
    if size <= lowest {
      size = lowest + 1
    } else {
      while base > 1, size > highest {
        base -= 1
        size /= options.levelMultiplier
      }
      size = min(size, highest)
    }
    var targets = [UInt64](repeating: 0, count: sizes.count)
    for level in base...last {
      targets[level] = max(size, highest)
      let (next, overflow) = size.multipliedReportingOverflow(by: options.levelMultiplier)
      size = overflow ? .max : next
    }
    baseLevel = base
    bytes = targets
  }
}
