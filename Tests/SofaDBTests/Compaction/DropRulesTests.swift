import Testing

@testable import SofaDB

@Suite struct DropRulesTests {
  private typealias Entry = HistoryModel.Entry

  struct Row: Sendable {
    var versions: String
    var snapshots: [SequenceNumber]
    var bottom: Bool
    var verdicts: String

    init(_ versions: String, _ snapshots: [SequenceNumber], _ bottom: Bool, _ verdicts: String) {
      self.versions = versions
      self.snapshots = snapshots
      self.bottom = bottom
      self.verdicts = verdicts
    }
  }

  /// Versions from the newest, sequence number and kind; what is judged of them. Kinds: v value, d deletion, s single
  /// deletion, m merge operand, b blob. Verdicts: k keep, 0 keep at zero, c collect, - drop.
  static let table: [Row] = [
    Row("v5 v3 v1", [], false, "k--"),
    Row("v5 v3 v1", [3], false, "kk-"),
    Row("v5 v3 v1", [1, 4], false, "kkk"),
    Row("v5 v3 v1", [5], false, "k--"),
    Row("v5 v3 v1", [0], false, "k--"),
    Row("d5 v3", [], false, "k-"),
    Row("d5 v3", [], true, "--"),
    Row("d5 v3", [4], true, "kk"),
    Row("d5 v3", [5], true, "--"),
    Row("v5 d3 v1", [], true, "0--"),
    Row("v5 d3 v1", [3], true, "k--"),
    Row("s5 v3 v1", [], false, "kk-"),
    Row("s5 v3 v1", [], true, "---"),
    Row("s5 v3 v1", [4], false, "kk-"),
    Row("s5 d3 v1", [], false, "k--"),
    Row("s5 m3 v1", [], false, "k--"),
    Row("m5 m3 v1", [], false, "cck"),
    Row("m5 m3 v1 v0", [4], true, "cck-"),
    Row("m5 d3 v1", [], true, "c--"),
    Row("v5 m3 v1", [], true, "0--"),
    Row("b5 b3", [], true, "0-"),
    Row("b5 b3", [3], true, "kk"),
    Row("v5 s3", [], false, "kk"),
    Row("v7 s5 v3 v1", [], false, "kkk-"),
    Row("v7 v5 s3", [], false, "k-k"),
    Row("v7 s5 s3 v1", [], false, "kk--"),
    Row("d7 s5", [], false, "k-"),
    Row("v5 s3 v1", [], true, "0--"),
    Row("v5 s3 v1", [1], true, "kkk"),
    Row("v0", [0], true, "k"),
    Row("v5 v0", [0], true, "kk"),
  ]

  @Test(arguments: table)
  func judgesEachVersion(row: Row) {
    let kinds: [Character: EntryKind] = [
      "v": .value, "d": .deletion, "s": .singleDeletion, "m": .merge, "b": .blobIndex,
    ]
    let names: [DropRules.Verdict: Character] = [.keep: "k", .keepAtZero: "0", .collect: "c", .drop: "-"]
    var rules = DropRules(snapshots: row.snapshots, combinesMerges: true, zeroes: true)
    rules.beginKey()
    var verdicts = ""
    for version in row.versions.split(separator: " ") {
      let sequence = SequenceNumber(version.dropFirst())!
      let verdict = rules.judge(
        sequence, kinds[version.first!]!, stripe: rules.stripe(of: sequence), covered: 0, isBottom: row.bottom)
      verdicts.append(names[verdict]!)
    }
    #expect(verdicts == row.verdicts, "\(row.versions)")
  }

  @Test func stripesEndWithSnapshots() {
    let stripes = SnapshotStripes([7, 3, 3])
    #expect((0...9).map { stripes.stripe(of: $0) } == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    #expect(stripes.count == 3)
    #expect(SnapshotStripes([]).stripe(of: 5) == 0)
  }

  /// Every history of up to four versions, with every set of snapshots and a range tombstone of every age: what is kept
  /// shows the same, whether older data lies below or not.
  @Test(arguments: [false, true])
  func everyShortHistoryShowsTheSame(isBottom: Bool) {
    let kinds: [EntryKind] = [.value, .deletion, .singleDeletion, .merge]
    var checked = 0
    for length in 1...4 {
      for number in 0..<(1 << (2 * length)) {
        let versions = (0..<length).map { index in
          Entry(
            key: [1], sequence: SequenceNumber(length - index) * 2, kind: kinds[number >> (2 * index) & 3],
            value: [UInt8(index)])
        }
        // Snapshots between versions and at them; a tombstone between two versions.
        for snapshots in length < 4 ? Array(0..<(1 << (length + 1))) : [0, 1, 6, 21] {
          for tombstone in 0...length {
            check(versions, snapshots: snapshots, tombstone: SequenceNumber(tombstone) * 2 + 1, isBottom)
            checked += 1
          }
        }
      }
    }
    #expect(checked > 3000)
  }

  private func check(_ versions: [Entry], snapshots bits: Int, tombstone: SequenceNumber, _ isBottom: Bool) {
    let snapshots = (0..<6).filter { bits >> $0 & 1 == 1 }.map { SequenceNumber($0 * 2) }
    var rules = DropRules(snapshots: snapshots, combinesMerges: false, zeroes: false)
    rules.beginKey()
    let hasTombstone = tombstone > 1
    let kept = versions.filter { version in
      let stripe = rules.stripe(of: version.sequence)
      let covered = hasTombstone && rules.stripe(of: tombstone) == stripe ? tombstone : 0
      return rules.judge(version.sequence, version.kind, stripe: stripe, covered: covered, isBottom: isBottom) != .drop
    }
    let below = isBottom ? [] : [Entry(key: [1], sequence: 1, kind: .value, value: [99])]
    var before = HistoryModel(.bytewise, nil)
    before.tombstones = hasTombstone ? [RangeTombstone(begin: [0], end: [2], sequence: tombstone)] : []
    var after = before
    before.entries = versions + below
    after.entries = kept + below
    // At the bottom a tombstone of the oldest stripe goes, as those who write outputs do with it.
    if isBottom, hasTombstone, rules.stripe(of: tombstone) == 0 { after.tombstones = [] }
    for snapshot in snapshots + [.maximum] {
      let expected = before.view(at: snapshot)
      let found = after.view(at: snapshot)
      if expected != found {
        Issue.record("\(versions.map { "\($0.kind)\($0.sequence)" }) tombstone \(tombstone) snapshots \(snapshots)")
      }
    }
  }
}
