import CommandKit
import Foundation
import Testing

struct ManualPageTests {
  private let page = ManualPage([SampleTool.tool, SampleTool.verify]).source

  @Test func everyCommandHasAPage() {
    #expect(
      ManualPage.all(SampleTool.tool).map(\.fileName)
        == ["sofatool.1", "sofatool-verify.1", "sofatool-copy.1", "sofatool-show.1"])
  }

  @Test func nothingInADeclarationIsARequest() {
    #expect(page.contains("\n\\&.A second one begins with a dot.\n"))
    #expect(page.contains("it has a \\e in it"))
    #expect(page.contains("\nsofatool verify \\(aqdb\\(aq   # kept\n"))
    for line in page.split(separator: "\n") where line.hasPrefix(".") {
      let name = line.dropFirst().prefix { $0 != " " }
      #expect(["TH", "SH", "SS", "PP", "TP", "RS", "RE", "nf", "fi", "nh", "ad"].contains(String(name)))
    }
  }

  @Test func optionsStatusesAndExamplesAreThere() {
    #expect(page.contains("\\fB\\-j\\fR \\fIN\\fR, \\fB\\-\\-jobs\\fR \\fIN\\fR\n"))
    #expect(page.contains("\\fB\\-\\-manifest\\fR[=\\fIFILE\\fR]\n"))
    #expect(page.contains(".TP\n\\fB143\\fR\n"))
    #expect(page.contains("Something is wrong with a file."))
    #expect(page.contains("\\fBsofatool\\-copy\\fR(1)"))
  }

  /// Asks the formatters that are installed; they differ in what they forgive.
  @Test(arguments: [
    ["/usr/bin/mandoc", "-T", "lint", "-W", "warning"], ["/usr/bin/groff", "-man", "-ww", "-Tutf8", "-z"],
  ])
  func formattersHaveNoWarnings(command: [String]) throws {
    guard Shell.isInstalled(command[0]) else { return }
    for page in ManualPage.all(SampleTool.tool) {
      let result = try Shell.run(command, input: page.source)
      #expect(result.output == "", "\(page.fileName): \(result.output)")
      #expect(result.status == 0, "\(page.fileName)")
    }
  }
}
