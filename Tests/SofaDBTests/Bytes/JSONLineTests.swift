import Testing

@testable import SofaDB

@Suite struct JSONLineTests {
  private func read(_ text: String) throws -> (String, UInt64, [UInt8], Bool) {
    var found = ("", UInt64(0), [UInt8](), false)
    try Array(text.utf8).withUnsafeBytes { bytes in
      var line = JSONLine(bytes)
      while let name = try line.nextName() {
        switch name {
        case "t": found.0 = try line.text()
        case "n": found.1 = try line.number()
        case "b": found.2 = try line.bytes(count: 2)
        case "f": found.3 = try line.flag()
        default: try line.skip()
        }
      }
    }
    return found
  }

  @Test func membersInAnyOrder() throws {
    let line = #"{"n":18446744073709551615,"x":[1,{"t":2}],"t":"a\nb","b":"00fF","f":true}"#
    #expect(try read(line) == ("a\nb", .max, [0, 255], true))
    #expect(try read("{}") == ("", 0, [], false))
  }

  @Test(arguments: [
    "", "[]", "1", "{", #"{"n":-1}"#, #"{"n":1.5}"#, #"{"n":18446744073709551616}"#, #"{"t":1}"#, #"{"b":"0"}"#,
    #"{"b":"000"}"#, #"{"b":"zzzz"}"#, #"{"b":12}"#, #"{"f":1}"#, #"{"n":1}x"#, #"{"n":1}{"n":2}"#, #"{"n":1,}"#,
  ])
  func rubbishIsRefused(text: String) {
    #expect(throws: FormatError.self) { try read(text) }
  }
}
