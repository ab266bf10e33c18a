import Foundation
import Testing

/// A newcomer guesses where a thing lives: files are named after what they declare, tests after what they test.
struct NameTests {
  @Test func everyFileDeclaresWhatItIsNamedAfter() throws {
    var offences = Offences()
    for source in try SourceTree.project.swift(below: "Sources") where source.file.name != "main" {
      Self.check(source, &offences)
    }
    offences.expectNone()
  }

  @Test func theCheckSeesAStrangerInTheFile() {
    var offences = Offences()
    for (path, text) in [
      ("Footer.swift", "struct Footer {}"), ("Footer+Encoding.swift", "extension Footer {}"),
      ("Outer+Inner.swift", "extension Outer { struct Inner {} }"), ("Helpers.swift", "struct Footer {}"),
      ("Footer+Text.swift", "extension String {}"), ("Quoted.swift", "// struct Quoted\nlet a = \"struct Quoted\""),
    ] {
      Self.check(SwiftSource(.init(path: path, text: text)), &offences)
    }
    #expect(offences.lines.map { $0.prefix { $0 != ":" } } == ["Helpers.swift", "Footer+Text.swift", "Quoted.swift"])
  }

  private static func check(_ source: SwiftSource, _ offences: inout Offences) {
    let parts = source.file.name.split(separator: "+").map(String.init)
    let isExtension = parts.count > 1
    let declares = source.declarations.contains {
      $0.name == parts[0] && (isExtension || $0.keyword != "extension")
    }
    guard !declares else { return }
    offences.add(
      source.file.path,
      isExtension
        ? "neither declares nor extends \(parts[0])"
        : "does not declare \(parts[0]); a file with an extension is named Type+Topic.swift")
  }

  /// Targets of Swift that have tests; C targets are tested through them.
  private static let mirrors = ["SofaDB": "SofaDBTests", "CommandKit": "CommandKitTests", "sofatool": "sofatoolTests"]

  @Test func everyFolderHasItsMirrorInTests() throws {
    var offences = Offences()
    for (target, tests) in mirrors {
      let folders = Set(try SourceTree.project.swift(below: "Sources/\(target)").map { $0.file.folders.dropFirst(2) })
      for folder in folders.map({ $0.joined(separator: "/") }).sorted() {
        let mirror = "Tests/\(tests)" + (folder.isEmpty ? "" : "/\(folder)")
        let sources = SourceTree.project.isFolder(mirror) ? try SourceTree.project.swift(below: mirror) : []
        let isTested = sources.contains { $0.file.text.contains("@Test") }
        if !isTested { offences.add("Sources/\(target)/\(folder)", "has no tests in \(mirror)") }
      }
    }
    offences.expectNone()
  }

  private var mirrors: [(key: String, value: String)] { Self.mirrors.sorted { $0.key < $1.key } }
}
