import Foundation
import Testing

@testable import SofaDB

/// No row of the list is without a test, no mutant without one that finds it.
struct MuseumMapTests {
  /// Of all tests of the project.
  private static func testNames() throws -> Set<String> {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    let names = try #require(FileManager.default.enumerator(atPath: folder.path))
    var found: Set<String> = []
    for case let name as String in names where name.hasSuffix("Tests.swift") && !name.hasPrefix("Fixtures/") {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      for match in text.matches(of: /@Test[^\n]*\s*func ([A-Za-z0-9_]+)\(|\n  func ([A-Za-z0-9_]+)\(/) {
        if let name = match.1 ?? match.2 { found.insert(String(name)) }
      }
    }
    return found
  }

  private static let rows: [String] = [
    ("A", 16), ("B", 18), ("C", 17), ("D", 7), ("E", 14), ("F", 7), ("G", 10),
  ].flatMap { letter, count in (1...count).map { "\(letter)\($0)" } }

  @Test func everyRowHasATestOrAReason() throws {
    #expect(Set(MuseumRow.all.map(\.name)) == Set(Self.rows))
    let tests = try Self.testNames()
    let tested = tests.reduce(into: Set<String>()) { $0.formUnion(MuseumRow.rows(ofTest: $1)) }
    for row in MuseumRow.all {
      #expect(row.isPossible == tested.contains(row.name), "\(row.name)")
      #expect((row.mutant == nil) != row.reason.isEmpty, "\(row.name)")
      guard let killer = row.killer else { continue }
      #expect(tests.contains(killer) && MuseumRow.rows(ofTest: killer).contains(row.name), "\(row.name): \(killer)")
    }
    #expect(Set(MuseumRow.all.compactMap(\.mutant)) == Set(Mutant.allCases))
  }

  @Test func namesTellTheirRows() {
    #expect(MuseumRow.rows(ofTest: "E6_G5_G9_ingestedTablesKeepTheirPlace") == ["E6", "G5", "G9"])
    #expect(MuseumRow.rows(ofTest: "museumE10anOlderTableStaysAbove") == ["E10"])
    #expect(MuseumRow.rows(ofTest: "museumD5AFlushThatFailsSaysSo") == ["D5"])
    #expect(MuseumRow.rows(ofTest: "aCrashOfA1") == [] && MuseumRow.rows(ofTest: "A14thing_x") == [])
  }
}
