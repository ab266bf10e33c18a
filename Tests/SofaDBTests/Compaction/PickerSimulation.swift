/// A family whose tables are only sizes and ranges: choices are started, run side by side, and finish in any order.
import SofaTesting

@testable import SofaDB

struct PickerSimulation {
  private(set) var family = CompactionPickerTests.family([])
  private(set) var running: [CompactionChoice] = []
  /// The first rule that was broken, in words.
  private(set) var fault: String?
  private var nextNumber: UInt64 = 1
  private let targetFileSize: UInt64

  init(targetFileSize: UInt64) { self.targetFileSize = targetFileSize }

  private static func key(_ number: Int) -> String { String(String(number + 10_000).dropFirst()) }
  private static func number(_ key: InternalKey) -> Int { Int(String(decoding: key.userKey, as: UTF8.self))! }

  mutating func flush(_ random: inout SeededRandom) {
    let first = Int.random(in: 0..<9_000, using: &random)
    let last = Int.random(in: first..<10_000, using: &random)
    let table = CompactionPickerTests.table(
      nextNumber, Self.key(first), Self.key(last), UInt64.random(in: 100...900, using: &random), level: 0)
    nextNumber += 1
    family = CompactionPickerTests.family(family.tables + [table])
  }

  mutating func start(_ choice: CompactionChoice) {
    for other in running where !other.inputs.isDisjoint(with: choice.inputs) { fault = "a table has two compactions" }
    let closed = CompactionInputs(family, outputLevel: choice.outputLevel).closed(choice.inputs)
    if closed != choice.inputs { fault = "inputs are missing: \(closed.subtracting(choice.inputs))" }
    running.append(choice)
  }

  mutating func finish(_ random: inout SeededRandom) {
    let choice = running.remove(at: Int.random(in: 0..<running.count, using: &random))
    let inputs = family.tables.filter { choice.inputs.contains($0.number) }
    guard inputs.count == choice.inputs.count else {
      fault = "inputs are gone"
      return
    }
    var tables = family.tables.filter { !choice.inputs.contains($0.number) }
    if choice.isMove {
      tables += inputs.map { table in
        var moved = table
        moved.level = choice.outputLevel
        return moved
      }
    } else {
      tables += outputs(of: inputs, choice)
    }
    family = CompactionPickerTests.family(tables)
    check()
  }

  /// A third of the bytes goes, as overwritten entries would; tables take equal parts of the range.
  private mutating func outputs(of inputs: [TableMetadata], _ choice: CompactionChoice) -> [TableMetadata] {
    let size = inputs.reduce(0) { $0 + $1.size } * 2 / 3 + 1
    let first = inputs.map { Self.number($0.smallest) }.min()!
    let last = inputs.map { Self.number($0.largest) }.max()!
    let parts = choice.outputLevel == 0 ? 1 : max(1, min(Int(size / targetFileSize), last - first))
    let epoch = inputs.compactMap(\.epoch).min()
    return (0..<parts).map { part in
      let from = first + (last - first + 1) * part / parts
      let to = first + (last - first + 1) * (part + 1) / parts - 1
      var table = CompactionPickerTests.table(
        nextNumber, Self.key(from), Self.key(to), size / UInt64(parts), level: choice.outputLevel)
      table.epoch = epoch
      nextNumber += 1
      return table
    }
  }

  private mutating func check() {
    for level in family.levels.dropFirst() {
      for (table, next) in zip(level, level.dropFirst())
      where table.largest.userKey.lexicographicallyPrecedes(
        next.smallest.userKey) == false
      {
        fault = "tables \(table.number) and \(next.number) of level \(table.level) overlap"
      }
    }
  }
}
