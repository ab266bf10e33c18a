import Testing

/// Files, functions and lines stay small enough to be read whole.
struct SizeTests {
  private static let fileLimit = 500
  private static let functionLimit = 60
  private static let lineLimit = 120

  @Test func nothingIsTooLong() throws {
    var offences = Offences()
    for folder in ["Sources", "Tests"] {
      for file in try SourceTree.project.files(below: folder, ending: [".swift", ".c", ".h"]) {
        Self.check(file, &offences)
      }
    }
    offences.expectNone()
  }

  @Test func theCheckSeesLongLinesFunctionsAndFiles() {
    var offences = Offences()
    let body = String(repeating: "  work()\n", count: 60)
    let text = "protocol P { func none() }\nfunc long(\n  a: Int\n) {\n\(body)}\n" + String(repeating: "x", count: 121)
    Self.check(.init(path: "A.swift", text: text), &offences)
    Self.check(.init(path: "B.c", text: String(repeating: "\n", count: 501)), &offences)
    #expect(
      offences.lines == [
        "A.swift:66: 121 columns, at most 120", "A.swift:2: 'long' has 64 lines, at most 60",
        "B.c: 501 lines, at most 500",
      ])
  }

  private static func check(_ file: SourceTree.File, _ offences: inout Offences) {
    let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
    let count = lines.last == "" ? lines.count - 1 : lines.count
    if count > fileLimit { offences.add(file.path, "\(count) lines, at most \(fileLimit)") }
    for (index, line) in lines.enumerated() where line.count > lineLimit {
      offences.add(file.path, line: index + 1, "\(line.count) columns, at most \(lineLimit)")
    }
    guard file.path.hasSuffix(".swift") else { return }
    for function in SwiftSource(file).functions where function.last - function.first + 1 > functionLimit {
      let length = function.last - function.first + 1
      offences.add(file.path, line: function.first, "'\(function.name)' has \(length) lines, at most \(functionLimit)")
    }
  }
}
