import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Every defect that was made on purpose is found by the test that is named after the failure it is like: this very
/// program, started anew with the defect and that one test, must fail.
struct MutantTests {
  #if SOFA_MUTANTS
    static let isBuilt = true
  #else
    static let isBuilt = false
  #endif
  static let missing = "the build has no mutants: make test, or swift build --build-tests -Xswiftc -DSOFA_MUTANTS"

  /// A defect and a test; several rows may mean the same.
  struct Hunt: Hashable, Sendable, CustomTestStringConvertible {
    let mutant: Mutant
    let killer: String

    var testDescription: String { "\(mutant), \(killer)" }

    static let all: [Hunt] = {
      var seen: Set<Hunt> = []
      return MuseumRow.all.compactMap { row in
        guard let mutant = row.mutant, let killer = row.killer else { return nil }
        let hunt = Hunt(mutant: mutant, killer: killer)
        return seen.insert(hunt).inserted ? hunt : nil
      }
    }()
  }

  /// Killers that need RocksDB to tell them what is right.
  private static let judged: Set<String> = [
    "museumG3BoundsReachAsFarAsRangeDeletions", "museumG6LaterWritesToSeveralFamiliesCount",
  ]

  private static func run(_ filter: String, _ mutant: Mutant?) throws -> ChildProcess.Outcome {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return try ChildProcess.run(
      program, ["--testing-library", "swift-testing", "--filter", filter],
      environment: ["SOFA_MUTANT": mutant?.rawValue ?? ""], seconds: 120)
  }

  @Test(.enabled(if: isBuilt, "\(missing)"), arguments: Hunt.all.filter { !judged.contains($0.killer) })
  func theMutantIsFound(hunt: Hunt) throws { try Self.require(hunt) }

  @Test(
    .enabled(if: isBuilt, "\(missing)"), .enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"),
    arguments: Hunt.all.filter { judged.contains($0.killer) })
  func theMutantIsFoundBesideRocksDB(hunt: Hunt) throws { try Self.require(hunt) }

  private static func require(_ hunt: Hunt) throws {
    let outcome = try run("/\(hunt.killer)\\(", hunt.mutant)
    let issues = (outcome.text + outcome.errors).split(separator: "\n").filter {
      $0.contains("Test \(hunt.killer)(") && $0.contains("recorded an issue")
    }
    #expect(outcome.status == 1 && !issues.isEmpty, "\(outcome.status): \(outcome.errors.suffix(2000))")
  }

  @Test(.enabled(if: isBuilt, "\(missing)")) func withoutAMutantTheSameTestsPass() throws {
    let names = Set(Hunt.all.map(\.killer)).sorted()
    let outcome = try Self.run("/(" + names.joined(separator: "|") + ")\\(", nil)
    #expect(outcome.status == 0, "\(outcome.errors.suffix(2000))")
    let passed = (outcome.text + outcome.errors).split(separator: "\n").filter { $0.contains("Test run with") }
    #expect(passed.contains { $0.contains("with \(names.count) tests") }, "\(passed)")
  }
}
