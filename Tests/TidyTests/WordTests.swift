import Testing

/// Words that must not stand in the sources, each with what to write instead.
struct WordTests {
  /// Joined from parts, so that this file does not offend against itself.
  private static let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "un" + "implemented"]

  private static let bannedCode: [(text: String, instead: String)] = [
    ("String(format:", "interpolate, or use Quantity: C formats pull Foundation into the binary"),
    ("try?", "handle the error or let it pass: a swallowed I/O error loses data"),
    ("try!", "throw: a trap on a bad file is a crash that somebody else can cause"),
    ("fatalError", "precondition for a caller's mistake, throws for the world"),
    ("as!", "a checked cast with its own error"),
    ("NSString", "String"),
  ]

  private static let bannedImports: [(module: String, instead: String)] = [
    ("Foundation", "Glibc, Synchronization, or CommandKit's Quantity and Console"),
    ("FoundationEssentials", "Glibc, Synchronization, or CommandKit's Quantity and Console"),
    ("Dispatch", "Thread of the engine, Synchronization"),
  ]

  @Test func noMarkersAreLeft() throws {
    var offences = Offences()
    for folder in ["Sources", "Tests"] {
      for file in try SourceTree.project.files(below: folder, ending: [".swift", ".c", ".h"]) {
        Self.checkMarkers(SwiftSource(file), &offences)
      }
    }
    offences.expectNone()
  }

  @Test func noBannedWordStandsInSources() throws {
    var offences = Offences()
    for source in try SourceTree.project.swift(below: "Sources") { Self.checkCode(source, &offences) }
    offences.expectNone()
  }

  @Test func theChecksReadCodeAndCommentsApart() {
    var offences = Offences()
    let marker = Self.markers[0]
    let text = """
      import Foundation
      // \(marker): later; try? is only spoken of here
      let text = "try! fatalError \(marker)" + "\\(try? inner())"
      let raw = #"a " try! \\(no)"#
      /* /* nested */ try! */ let value = try? load()
      internal import Foundation.NSData
      """
    let source = SwiftSource(.init(path: "A.swift", text: text))
    Self.checkMarkers(source, &offences)
    Self.checkCode(source, &offences)
    #expect(
      offences.lines.map { $0.split(separator: " ")[0] } == [
        "A.swift:2:", "A.swift:1:", "A.swift:3:", "A.swift:5:", "A.swift:6:",
      ])
  }

  private static func checkMarkers(_ source: SwiftSource, _ offences: inout Offences) {
    for comment in source.comments {
      let words = Set(SwiftSource.tokens(comment.text))
      for marker in markers where words.contains(marker) {
        offences.add(source.file.path, line: comment.line, "'\(marker)' is left: do it or drop it")
      }
    }
  }

  private static func checkCode(_ source: SwiftSource, _ offences: inout Offences) {
    for (index, line) in source.code.enumerated() {
      for banned in bannedCode where line.contains(banned.text) {
        offences.add(source.file.path, line: index + 1, "'\(banned.text)' is banned; instead: \(banned.instead)")
      }
      let words = SwiftSource.tokens(line)
      guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { continue }
      for banned in bannedImports where words[place + 1] == banned.module {
        offences.add(source.file.path, line: index + 1, "import \(banned.module) is banned; instead: \(banned.instead)")
      }
    }
  }
}
