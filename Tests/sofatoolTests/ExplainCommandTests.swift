import SofaDB
import Testing

@Suite struct ExplainCommandTests {
  @Test(arguments: FindingCode.allCases)
  func everyCode(code: FindingCode) {
    let run = ToolRun("explain", code.rawValue)
    #expect(run.status == .ok)
    #expect(run.output.hasPrefix(code.rawValue))
    #expect(run.errors.isEmpty)
  }

  @Test func listsAllCodes() {
    let run = ToolRun("explain")
    #expect(run.status == .ok)
    #expect(run.lines.count == FindingCode.allCases.count + 1)
    #expect(ToolRun("explain", "--json").lines.count == FindingCode.allCases.count)
  }

  @Test func aWrongCodeIsAUsageErrorWithTheNearestName() {
    let run = ToolRun("explain", "block.checksun")
    #expect(run.status == .usage)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("did you mean block.checksum?"))
  }
}
