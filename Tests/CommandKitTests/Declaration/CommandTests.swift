import CommandKit
import Testing

struct CommandTests {
  @Test func everyStatusIsListedOnceWithItsOwnMeaning() {
    let meanings = SampleTool.verify.exitMeanings
    #expect(meanings.map(\.status.code) == [0, 1, 2, 3, 4, 70, 130, 143])
    #expect(meanings[1].meaning == "Something is wrong with a file.")
    #expect(meanings[0].meaning == ExitStatus.ok.meaning)
  }

  @Test func optionsThatStandForOperandsAreListed() {
    #expect(SampleTool.verify.allOptions.map(\.name).last == "db")
    #expect(SampleTool.form.declaration.longNames == ["format", "json"])
    #expect(SampleTool.families.declaration.longNames == ["column-family", "cf"])
  }
}
