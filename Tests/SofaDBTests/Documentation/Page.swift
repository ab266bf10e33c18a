import Foundation
import SofaTesting

/// A page of the documentation, or README, as text.
struct Page {
  static let root = URL(fileURLWithPath: Fixtures.path).deletingLastPathComponent().deletingLastPathComponent()
  static let catalogue = "Sources/SofaDB/SofaDB.docc"

  /// Of the catalogue.
  static var all: [Page] {
    get throws {
      let names = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: catalogue).path)
      return try names.filter { $0.hasSuffix(".md") }.sorted().map { try Page(catalogue + "/" + $0) }
    }
  }

  let path: String
  let text: String

  /// `path` from the project's top.
  init(_ path: String) throws {
    self.path = path
    text = try String(contentsOf: Page.root.appending(path: path), encoding: .utf8)
  }

  /// The name of a page of the catalogue, by which others link to it.
  var name: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }

  /// Its fenced blocks of Swift, in order.
  var code: [String] {
    text.components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "\n```")[0] }
  }

  /// What a test marks as shown by a page, in order, each without the indentation of its first line.
  static func shown(in source: String) -> [String] {
    var parts: [[Substring]] = []
    var isShown = false
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      switch line.drop(while: { $0 == " " }) {
      case "// <page>":
        parts.append([])
        isShown = true
      case "// </page>": isShown = false
      default: if isShown { parts[parts.count - 1].append(line) }
      }
    }
    return parts.map { lines in
      let indentation = lines.first?.prefix { $0 == " " }.count ?? 0
      return lines.map { $0.dropFirst(indentation) }.joined(separator: "\n")
    }
  }

  /// All matches of the one group of `pattern` in the page.
  func matches(_ pattern: String) throws -> [String] {
    let range = NSRange(text.startIndex..., in: text)
    return try NSRegularExpression(pattern: pattern).matches(in: text, range: range).compactMap { match in
      Range(match.range(at: 1), in: text).map { String(text[$0]) }
    }
  }
}
