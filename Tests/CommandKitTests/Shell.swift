import Foundation

/// Runs a program with text as its input and gives back everything it says.
enum Shell {
  struct Result {
    var status: Int32
    /// Standard output and standard error.
    var output: String
  }

  static func isInstalled(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }

  static func run(_ command: [String], input: String, in directory: URL? = nil) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.currentDirectoryURL = directory
    let (inward, outward) = (Pipe(), Pipe())
    process.standardInput = inward
    process.standardOutput = outward
    process.standardError = outward
    try process.run()
    inward.fileHandleForWriting.write(Data(input.utf8))
    try inward.fileHandleForWriting.close()
    let output = outward.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
  }
}
