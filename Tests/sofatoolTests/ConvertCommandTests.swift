import CommandKit
import Foundation
import SofaTesting
import Testing

@testable import SofaDB
@testable import sofatool

/// `sofatool convert-compression` from outside.
@Suite struct ConvertCommandTests {
  private static func copy(_ name: String) throws -> (TemporaryDirectory, String) {
    let directory = try TemporaryDirectory()
    try FileManager.default.copyItem(atPath: try FixtureDatabase(name).path, toPath: directory.path + "/db")
    return (directory, directory.path + "/db")
  }

  @Test func aDatabaseIsConvertedAndComesBack() throws {
    let (directory, path) = try Self.copy("r1075-levels")
    let digest = ToolRun("verify", "--content-digest", path)
    let plan = ToolRun("convert-compression", path, "--to", "zstd:6", "--plan")
    #expect(plan.status == .ok && plan.output.contains("to be converted to zstd:6"), "\(plan.errors)")
    let run = ToolRun("convert-compression", path, "--to", "zstd:6", "--json")
    #expect(run.status == .ok, "\(run.errors)")
    let last = try #require(run.lines.last)
    #expect(last.contains("\"record\":\"summary\"") && last.contains("\"change\":\"1-convert-compression\""))
    let after = ToolRun("verify", "--content-digest", path)
    #expect(after.status == .ok)
    let digests = [digest, after].map {
      $0.output.split(whereSeparator: { $0 == " " || $0 == "\n" }).filter { $0.utf8.count >= 32 }
    }
    #expect(digests[0] == digests[1])
    let again = ToolRun("convert-compression", path, "--to", "zstd:6")
    #expect(again.status == .ok && again.output.contains("left as they are") && !again.output.contains("undo"))
    #expect(ToolRun("undo", path, "1").status == .ok)
    withExtendedLifetime(directory) {}
  }

  @Test func looseTablesGoToANewDirectory() throws {
    let directory = try TemporaryDirectory()
    let source = try FixtureDatabase("r1075-sst").path
    let out = directory.path + "/out"
    #expect(ToolRun("convert-compression", source, "--to", "lz4").status == .usage)
    let run = ToolRun("convert-compression", source, "--to", "lz4", "-o", out)
    #expect(run.status == .ok, "\(run.errors)")
    #expect(ToolRun("verify", out).status == .ok)
    #expect(ToolRun("convert-compression", source, "--to", "lz4", "-o", out).status == .refused)
    #expect(ToolRun("convert-compression", source, "--to", "lz4", "-o", out + "2", "--levels", "5").status == .usage)
  }

  @Test func anEstimateShowsEveryCodec() throws {
    let path = try FixtureDatabase("r1075-levels").path
    let text = ToolRun("convert-compression", "--estimate", path)
    #expect(text.status == .ok, "\(text.errors)")
    for codec in ["as it is", "none", "lz4", "zlib:6", "zstd:9"] { #expect(text.output.contains(codec)) }
    let json = ToolRun("convert-compression", "--estimate", path, "--to", "zstd:3", "--dictionary", "1k", "--json")
    #expect(json.lines.count == 4 && json.lines[2].contains("\"dictionary_size\":1024"))
  }

  @Test func wrongWordsAreUsageErrors() throws {
    let path = try FixtureDatabase("r1075-levels").path
    for words in [
      [], ["--to", "bzip2"], ["--to", "zstd:99"], ["--to", "lz4", "--levels", "6-5"], ["--to", "lz4", "--files", "x"],
      ["--to", "lz4", "-o", "/nowhere/out"], ["--to", "lz4", "--files", "987654", "--plan"],
      ["--to", "none", "--dictionary", "4k", "--plan"],
    ] {
      #expect(ToolRun(["convert-compression", path] + words).status == .usage, "\(words)")
    }
  }
}
