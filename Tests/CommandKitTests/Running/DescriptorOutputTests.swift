import CommandKit
import Foundation
import Testing

struct DescriptorOutputTests {
  @Test func bytesLeaveInOrder() throws {
    let pipe = Pipe()
    let output = DescriptorOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor, buffering: .full)
    let text = (0..<30_000).map { "line \($0)\n" }.joined()
    let expected = Data(text.utf8)
    let writer = Thread {
      do {
        for number in 0..<30_000 { try output.writeLine("line \(number)") }
        try output.flush()
        try pipe.fileHandleForWriting.close()
      } catch { Issue.record(error) }
    }
    writer.start()
    #expect(pipe.fileHandleForReading.readDataToEndOfFile() == expected)
  }

  @Test func aFullDeviceIsReportedAgainAndAgain() throws {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let output = DescriptorOutput(descriptor: descriptor, buffering: .full)
    try output.write("x")
    for _ in 0..<2 {
      #expect(throws: OutputError.failed(code: ENOSPC, reason: "No space left on device")) { try output.flush() }
    }
    #expect(throws: OutputError.self) { try output.write("y") }
  }

  @Test func lineBufferingShowsWholeLines() throws {
    let pipe = Pipe()
    let output = DescriptorOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor, buffering: .line)
    try output.write("half")
    try output.write(" whole\n")
    #expect(pipe.fileHandleForReading.availableData == Data("half whole\n".utf8))
  }
}
