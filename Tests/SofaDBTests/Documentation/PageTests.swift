import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// What the pages say is there, and what they show runs.
struct PageTests {
  private static let folder = "Tests/SofaDBTests/Documentation/"

  @Test func theTutorialRuns() throws {
    let temporary = try TemporaryDirectory()
    var tutorial = GettingStarted(path: temporary.path + "/fruit")
    try tutorial.run()
    #expect(
      tutorial.found == [
        "the apple is green", "fruit/apple = green", "fruit/banana = yellow", "fruit/lemon = yellow",
        "the apple was green", "6 apples", "an apple costs 45 cents",
      ])
    let backup = try Database.open(temporary.path + "/fruit-backup")
    #expect(try backup.get(Array("fruit/apple".utf8)) == Array("rotten".utf8))
    #expect(backup.families.map(\.name) == ["default", "stock"])
    try backup.close()
  }

  /// The first two blocks are the package's manifest and the first lines of its program.
  @Test func theTutorialShowsWhatRuns() throws {
    let shown = Page.shown(in: try Page(Self.folder + "GettingStarted.swift").text)
    let page = try Page(Page.catalogue + "/GettingStarted.md")
    #expect(shown.count == 9)
    #expect(Array(page.code.dropFirst(2)) == shown)
    #expect(page.code[1].hasPrefix("import SofaDB\n"))
  }

  @Test func theExamplesOfReadmeAndLandingPageRun() throws {
    let temporary = try TemporaryDirectory()
    let value = try ShortExamples.landing(temporary.path + "/landing")
    #expect(value == Array("apple".utf8))
    let names = try ShortExamples.readme(temporary.path + "/readme")
    #expect(names == ["user/1", "user/2"])
    let shown = Page.shown(in: try Page(Self.folder + "ShortExamples.swift").text).map {
      $0.replacingOccurrences(of: "Database.open(path", with: "Database.open(\"/var/lib/app/db\"")
    }
    let landing = try Page(Page.catalogue + "/SofaDB.md")
    #expect(landing.code == ["import SofaDB\n\n" + shown[0]])
    let readme = try Page("README.md")
    let indented = shown[1].split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "    " + $0 }.joined(separator: "\n")
    #expect(readme.text.contains("    import SofaDB\n\n" + indented + "\n\n"))
  }

  /// `SuiteTests.function`, for every test that a page names.
  @Test func everyTestThatIsNamedExists() throws {
    let tests = Page.root.appending(path: "Tests")
    var sources: [String: String] = [:]
    let names = try #require(FileManager.default.enumerator(atPath: tests.path))
    for case let name as String in names where name.hasSuffix("Tests.swift") {
      let suite = String((name.split(separator: "/").last ?? "").dropLast(".swift".count))
      sources[suite, default: ""] += try String(contentsOf: tests.appending(path: name), encoding: .utf8)
    }
    for page in try Page.all {
      for test in try page.matches("`(\\w+Tests\\.\\w+)`") {
        let parts = test.split(separator: ".")
        let source = try #require(sources[String(parts[0])], "\(page.path) names \(test)")
        #expect(source.contains("func \(parts[1])("), "\(page.path) names \(test)")
      }
    }
    let named = try Page(Page.catalogue + "/Architecture.md").matches("`(\\w+Tests\\.\\w+)`")
    #expect(named.count > 30)
  }

  /// Links to pages and to public types; members are left to DocC.
  @Test func everyLinkLeadsSomewhere() throws {
    let pages = try Page.all
    var types: Set<String> = []
    let sources = Page.root.appending(path: "Sources/SofaDB")
    let names = try #require(FileManager.default.enumerator(atPath: sources.path))
    for case let name as String in names where name.hasSuffix(".swift") {
      for kind in ["struct", "final class", "class", "enum", "protocol"] {
        types.formUnion(try Page("Sources/SofaDB/" + name).matches("(?m)^ *public \(kind) (\\w+)"))
      }
    }
    for page in pages {
      for link in try page.matches("<doc:(\\w+)>") {
        #expect(pages.contains { $0.name == link }, "\(page.path): \(link)")
      }
      for link in try page.matches("(?<!`)``(?!`)([A-Za-z]\\w*)") where link != "SofaDB" {
        #expect(types.contains(link), "\(page.path): \(link)")
      }
    }
  }
}
