import Foundation
import Testing

/// `swift format lint` has nothing to say; `swift format -i -r Sources Tests Package.swift` mends what it can.
struct FormatTests {
  @Test func theFormatterHasNothingToSay() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["swift", "format", "lint", "--strict", "--recursive", "Sources", "Tests", "Package.swift"]
    process.currentDirectoryURL = SourceTree.project.root
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0 && output.isEmpty, "\(output)")
  }
}
