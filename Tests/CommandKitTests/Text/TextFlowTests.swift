@testable import CommandKit
import Testing

struct TextFlowTests {
  @Test func paragraphsAndVerbatimLinesAreTold() {
    let blocks = TextFlow.blocks("a\nb\n\n  kept  1\n\n    kept 2\n\nc\n  d\n")
    #expect(blocks == [.paragraph("a b"), .verbatim(["kept  1", "", "  kept 2"]), .paragraph("c"), .verbatim(["d"])])
    #expect(TextFlow.blocks("") == [])
    #expect(TextFlow.blocks("\n\n  \n") == [])
  }

  @Test func linesAreBrokenAtSpaces() {
    #expect(TextFlow.wrap("aaa bbb ccc", width: 7) == ["aaa bbb", "ccc"])
    #expect(TextFlow.wrap("aaaaaaaaaa b", width: 4) == ["aaaaaaaaaa", "b"])
    #expect(TextFlow.wrap("", width: 4) == [])
  }
}
