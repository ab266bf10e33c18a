/// Pictures of families in, choices out; and a simulation that grows random families and compacts them to rest.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct CompactionPickerTests {
  /// A family as text, one level a line, `number:first-last=MiB`; `*` marks tables of a compaction into level 6.
  struct Picture: Sendable, CustomTestStringConvertible {
    var name: String
    var levels: String
    var choice: String
    var style = CompactionOptions.Style.leveled
    var deletions: [UInt64: Double] = [:]
    var level0Trigger = 4

    var testDescription: String { name }
  }

  static func table(_ number: UInt64, _ first: String, _ last: String, _ bytes: UInt64, level: Int) -> TableMetadata {
    var table = TableMetadata(
      number: number, level: level, size: bytes,
      smallest: InternalKey(userKey: Array(first.utf8), sequence: number, kind: EntryKind.value),
      largest: InternalKey(userKey: Array(last.utf8), sequence: number, kind: EntryKind.value),
      smallestSequence: number, largestSequence: number)
    table.epoch = number
    return table
  }

  static func family(_ tables: [TableMetadata]) -> ColumnFamily {
    ColumnFamily(id: 0, name: "default", comparator: KeyOrder.bytewise.name, logNumber: 0, tables: tables)
  }

  static func read(_ text: String) -> (family: ColumnFamily, running: [CompactionChoice]) {
    var tables: [TableMetadata] = []
    var busy: Set<UInt64> = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      let level = Int(words[0].dropFirst())!
      for word in words.dropFirst() {
        let parts = word.split(whereSeparator: { ":-=*".contains($0) }).map(String.init)
        tables.append(table(UInt64(parts[0])!, parts[1], parts[2], UInt64(parts[3])! << 20, level: level))
        if word.hasSuffix("*") { busy.insert(UInt64(parts[0])!) }
      }
    }
    let running = CompactionChoice(inputs: busy, outputLevel: 6, reason: .levelSize, isMove: false)
    return (family(tables), busy.isEmpty ? [] : [running])
  }

  static func text(_ choice: CompactionChoice?) -> String {
    guard let choice else { return "nothing" }
    let inputs = choice.inputs.sorted().map(String.init).joined(separator: " ")
    return "\(choice.reason.rawValue): \(choice.isMove ? "move " : "")\(inputs) -> L\(choice.outputLevel)"
  }

  static let pictures = [
    Picture(name: "an empty family", levels: "", choice: "nothing"),
    Picture(name: "three tables in level 0", levels: "L0 3:a-c=1 2:a-c=1 1:a-c=1", choice: "nothing"),
    Picture(
      name: "four tables in level 0 go to the bottom", levels: "L0 4:a-c=1 3:a-c=1 2:x-z=1 1:a-c=1",
      choice: "level 0 has too many tables: 1 2 3 4 -> L6"),
    Picture(
      name: "with what they overlap there",
      levels: "L0 14:a-c=1 13:a-c=1 12:k-m=1 11:a-c=1\nL6 1:a-b=9 2:l-l=9 3:n-z=9",
      choice: "level 0 has too many tables: 1 2 11 12 13 14 -> L6"),
    Picture(
      name: "large tables count by their bytes", levels: "L0 1:a-c=300",
      choice: "level 0 has too many tables: move 1 -> L6"),
    Picture(
      name: "a bottom of 10 GiB opens two levels above",
      levels: "L0 14:a-c=1 13:a-c=1 12:a-b=1 11:a-c=1\nL6 1:a-z=10240",
      choice: "level 0 has too many tables: 11 12 13 14 -> L4"),
    Picture(
      name: "the table that drags least",
      levels: "L5 11:a-c=600 12:d-f=600 13:g-i=600\nL6 1:a-c=4000 2:d-e=900 3:g-i=4000",
      choice: "the level is too large: 2 12 -> L6"),
    Picture(
      name: "tombstones make a table cheaper",
      levels: "L5 11:a-c=600 12:d-f=600 13:g-i=600\nL6 1:a-c=4000 2:d-e=3000 3:g-i=4000",
      choice: "the level is too large: 1 11 -> L6", deletions: [11: 0.9]),
    Picture(
      name: "nothing below: the table moves", levels: "L5 11:a-c=600 12:d-f=600\nL6 1:a-c=2000",
      choice: "the level is too large: move 12 -> L6"),
    Picture(
      name: "a table of a running compaction is left alone",
      levels: "L5 11:a-c=600 12:d-f=600* 13:g-i=600\nL6 1:a-c=4000 2:d-e=900* 3:g-i=3000",
      choice: "the level is too large: 3 13 -> L6"),
    Picture(
      name: "nor may an output lie between those of a running compaction",
      levels: "L5 11:b-c=900* 12:k-m=900 13:x-z=900*\nL6 1:a-a=90", choice: "nothing"),
    Picture(
      name: "level 0 is busy: the newest merge with each other",
      levels: "L0 19:a-c=1 18:a-c=1 17:a-c=1 16:a-c=1 15:a-c=1*\nL6 1:a-z=9*",
      choice: "level 0 has too many tables: 16 17 18 19 -> L0"),
    Picture(
      name: "level 0 goes no deeper than data that is newer than the bottom's",
      levels: "L0 24:a-c=1 23:a-c=1 22:a-c=1 21:a-c=1\nL2 11:a-c=10\nL6 1:a-c=100",
      choice: "level 0 has too many tables: 11 21 22 23 24 -> L2"),
    Picture(
      name: "a neighbour that costs nothing comes along",
      levels: "L5 11:a-c=900 12:b-d=1 13:q-z=900\nL6 1:a-e=500 2:q-z=9000",
      choice: "the level is too large: 1 11 12 -> L6"),
    Picture(
      name: "universal: similar runs", levels: "L0 4:a-c=1 3:a-c=1 2:a-c=2 1:a-c=400",
      choice: "runs of similar size: 2 3 4 -> L0",
      style: .universal),
    Picture(
      name: "universal: everything when too much is old", levels: "L0 4:a-c=90 3:a-c=70 2:a-c=60\nL6 1:a-c=100",
      choice: "older data takes too much space: 1 2 3 4 -> L6", style: .universal),
    Picture(
      name: "universal: too many runs", levels: "L0 5:a-c=1 4:a-c=3 3:a-c=9 2:a-c=27\nL6 1:a-c=900",
      choice: "too many runs: 3 4 5 -> L0", style: .universal),
    Picture(
      name: "universal: into the level above the next run", levels: "L0 4:a-c=4 3:a-c=4 2:a-c=4\nL6 1:a-c=900",
      choice: "runs of similar size: 2 3 4 -> L5", style: .universal),
    Picture(
      name: "universal: few runs are left alone", levels: "L0 3:a-c=1 2:a-c=1\nL6 1:a-c=1", choice: "nothing",
      style: .universal),
    Picture(
      name: "universal: never more than one run", levels: "L0 2:a-c=1\nL6 1:a-c=900",
      choice: "too many runs: 1 2 -> L6", style: .universal, level0Trigger: 1),
    Picture(
      name: "universal: never more than one run, and both are busy", levels: "L0 2:a-c=1*\nL6 1:a-c=900*",
      choice: "nothing", style: .universal, level0Trigger: 1),
  ]

  @Test(arguments: pictures) func itChooses(picture: Picture) {
    var options = CompactionOptions()
    options.style = picture.style
    options.level0Trigger = picture.level0Trigger
    let (family, running) = Self.read(picture.levels)
    let choice = CompactionPicker(options).pick(family, running: running, deletions: picture.deletions)
    #expect(Self.text(choice) == picture.choice)
  }

  @Test func anUnknownOrderIsLeftAlone() {
    let tables = (1...9).map { Self.table($0, "a", "b", 1, level: 0) }
    let family = ColumnFamily(id: 0, name: "default", comparator: "mine", logNumber: 0, tables: tables)
    #expect(CompactionPicker(CompactionOptions()).pick(family) == nil)
  }

  @Test func sizesThatAddUpToTooMuchDoNotTrap() {
    for style in [CompactionOptions.Style.leveled, .universal] {
      var options = CompactionOptions()
      options.style = style
      let tables = (1...9).map { Self.table($0, "a", "b", .max, level: $0 == 1 ? 6 : 0) }
      #expect(CompactionPicker(options).pick(Self.family(tables)) != nil)
    }
  }

  // MARK: Targets

  @Test func levelsAboveTheLastAreAMultipleSmaller() {
    let tables = [Self.table(1, "a", "b", 100 << 30, level: 6)]
    let targets = LevelTargets(Self.family(tables), CompactionOptions())
    #expect(targets.baseLevel == 3 && targets.bytes[..<3].allSatisfy { $0 == 0 })
    #expect(targets.bytes[3] == 256 << 20 && targets.bytes[4] == 1_073_741_820 && targets.bytes[6] > 99 << 30)
  }

  // MARK: Simulation

  /// Tables of random ranges come into level 0; choices are carried out, some of them late, until none is due. The
  /// levels must never overlap, running choices never meet, and at rest nothing exceeds its target.
  @Test(arguments: 0..<40) func E3_randomFamiliesComeToRest(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var options = CompactionOptions()
    options.style = seed % 4 == 3 ? .universal : .leveled
    options.baseLevelBytes = 4_000
    options.targetFileSize = 500
    let picker = CompactionPicker(options)
    var simulation = PickerSimulation(targetFileSize: options.targetFileSize)
    for _ in 0..<60 {
      simulation.flush(&random)
      while let choice = picker.pick(simulation.family, running: simulation.running) {
        simulation.start(choice)
        if Int.random(in: 0..<3, using: &random) == 0 { break }
      }
      while simulation.running.count > Int.random(in: 0...2, using: &random) { simulation.finish(&random) }
      if simulation.fault != nil { break }
    }
    var steps = 0
    while steps < 2_000, simulation.fault == nil {
      if let choice = picker.pick(simulation.family, running: simulation.running) {
        simulation.start(choice)
      } else if simulation.running.isEmpty {
        break
      }
      if !simulation.running.isEmpty { simulation.finish(&random) }
      steps += 1
    }
    #expect(steps < 2_000 && simulation.fault == nil, "seed \(seed): \(simulation.fault ?? "no rest")")
    #expect(simulation.family.levels[0].count < options.level0Trigger)
    if options.style == .leveled {
      let due = picker.scores(simulation.family).filter { $0.score >= 1 }
      #expect(due.isEmpty, "\(due)")
    }
  }
}
