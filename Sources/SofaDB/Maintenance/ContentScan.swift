internal import Synchronization

/// Reads what a reader of a database sees and sums it up: two databases with the same content have the same digests,
/// whatever their levels, blocks and codecs, and so has a dump of either.
///
/// The key space is cut into pieces of a few MiB that threads take in turn; sums of parts add up. Damage is left out
/// and makes the report incomplete: what it hides is for `Verify` to say.
public struct ContentScan: Sendable {
  private struct Piece {
    var family: Int
    var from: [UInt8]?
    var to: [UInt8]?
  }

  /// Bytes of tables that a piece is meant to have.
  private static let pieceSize: UInt64 = 8 << 20

  private let view: DatabaseView
  private let jobs: Int

  public init(_ view: DatabaseView, jobs: Int = Workers.processors) {
    self.view = view
    self.jobs = max(jobs, 1)
  }

  /// Throws what the disk throws and `cancelled`.
  public func run() throws(DatabaseError) -> ContentReport {
    var report = ContentReport()
    report.families = view.families.map { ContentReport.Family(name: $0.name, isComplete: $0.order.isKnown) }
    let findings = try DumpEntries.findings(of: view, view.families)
    report.isComplete = report.families.allSatisfy(\.isComplete) && findings.allSatisfy { $0.severity < .error }
    let pieces = try cut()
    let next = Atomic<Int>(0)
    let sums = Mutex((report: report, failure: DatabaseError?.none))
    Workers.run(min(jobs, max(pieces.count, 1))) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < pieces.count, sums.withLock({ $0.failure == nil }) else { return }
        do throws(DatabaseError) {
          let part = try scan(pieces[index])
          sums.withLock { $0.report.add(part, to: pieces[index].family) }
        } catch {
          sums.withLock { $0.failure = $0.failure ?? error }
        }
      }
    }
    if let failure = sums.withLock({ $0.failure }) { throw failure }
    return sums.withLock { $0.report }
  }

  private func scan(_ piece: Piece) throws(DatabaseError) -> ContentReport.Family {
    let family = view.families[piece.family]
    let seed = ContentDigest.Family(name: family.name)
    var part = ContentReport.Family(name: family.name)
    let damage = DamageLog()
    do throws(DatabaseError) {
      var cursor = try view.cursor(family, from: piece.from, to: piece.to, damage: damage)
      try cursor.seekToFirst()
      while cursor.isValid {
        part.entries += 1
        part.digest.add(cursor, in: seed)
        try cursor.next()
      }
    } catch {
      guard error.concernsOneFile else { throw error }
      part.isComplete = false
    }
    if !damage.gaps.isEmpty { part.isComplete = false }
    return part
  }

  private func cut() throws(DatabaseError) -> [Piece] {
    var pieces: [Piece] = []
    for (number, family) in view.families.enumerated() where family.order.isKnown {
      let size = family.tables.reduce(UInt64(0)) { $0 &+ $1.size }
      let cuts = try view.splitKeys(family, parts: Int(min(size / ContentScan.pieceSize + 1, 4096)))
      let starts = [nil] + cuts.map { Optional($0) }
      let ends = cuts.map { Optional($0) } + [nil]
      for (from, to) in zip(starts, ends) { pieces.append(Piece(family: number, from: from, to: to)) }
    }
    return pieces
  }
}

extension ContentReport {
  fileprivate mutating func add(_ part: Family, to number: Int) {
    families[number].entries &+= part.entries
    families[number].digest.add(part.digest)
    guard !part.isComplete else { return }
    families[number].isComplete = false
    isComplete = false
  }
}
