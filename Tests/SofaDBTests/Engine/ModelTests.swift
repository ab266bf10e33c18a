import SofaTesting
import Testing

@testable import SofaDB

/// Random operations against a model, over option sets that must not make a difference.
struct ModelTests {
  @Test(arguments: 0..<40) func whatIsReadEqualsTheModel(_ index: Int) throws {
    let model = try DatabaseModel(
      DatabaseModel.Setting(index), seed: 1000 + UInt64(index), path: "disk/db",
      in: SimulatedFileSystem(directories: ["disk"]))
    try model.run(1500)
    #expect(model.failures == [])
    try model.close()
  }

  /// The order of keys is the one option that a history depends on.
  @Test func optionsChangeNothingThatIsRead() throws {
    var histories: [UInt64] = []
    for index in 0..<40 {
      let setting = DatabaseModel.Setting(index)
      guard setting.order == .bytewise, histories.count < 12 else { continue }
      let model = try DatabaseModel(setting, seed: 7, path: "disk/db", in: SimulatedFileSystem(directories: ["disk"]))
      try model.run(600)
      #expect(model.failures == [])
      histories.append(model.history.value)
      try model.close()
    }
    #expect(histories.count == 12)
    #expect(Set(histories).count == 1)
  }
}
