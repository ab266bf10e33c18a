import SofaDB
import Testing

@Suite struct FindingCatalogueTests {
  @Test func everyCodeIsExplainedOnceAndInOrder() {
    #expect(FindingCatalogue.all.map(\.code) == FindingCode.allCases)
  }

  @Test(arguments: FindingCode.allCases)
  func textsFitATerminal(code: FindingCode) {
    let explanation = FindingCatalogue.explanation(of: code)
    #expect(!explanation.causes.isEmpty && !explanation.next.isEmpty)
    for line in explanation.text.split(separator: "\n") {
      #expect(line.count <= 79, "\(line)")
      #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "\(line)")
    }
    #expect(explanation.text.hasPrefix(code.rawValue))
  }
}
