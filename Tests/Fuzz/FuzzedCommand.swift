import CommandKit

/// A tool with every kind of option and operand, for arguments that anybody may write.
enum FuzzedCommand {
  enum Level: String, CommandLineChoice {
    case quick, full
    var summary: String { rawValue }
  }

  static let tool = Command(
    name: "tool", summary: "does nothing",
    release: Command.Release(version: "1", date: "2026-01-01", manual: "Manual"),
    subcommands: [
      Command(
        name: "read", summary: "reads",
        options: [
          OptionGroup(
            "Scope",
            [
              Option<Level>("level", .choice, default: .full, help: "how deep"),
              Option<[String]>("family", .string, aliases: ["cf"], placeholder: "NAME", help: "only this one"),
              Option<Int?>("limit", .int, help: "at most so many"),
              Option<Int>("jobs", .int(in: 1...64), short: "j", default: 4, help: "threads"),
              Option<Int>("memory", .size(in: 1 << 20...1 << 40), default: 64 << 20, help: "bytes"),
              Option<UInt64?>("sequence", .unsigned, help: "a number"),
              Option<Double>("bits", .number(in: 0...100), default: 10, help: "a number"),
              Option<Duration?>("max-time", .duration, help: "stop after this long"),
              Option<String?>("manifest", .file, bare: "CURRENT", help: "prints it"),
              Option<Bool>("quiet", short: "q", help: "no messages"),
            ])
        ],
        operands: [Operand<[String]>("PATH", .path("sst"), option: "db", help: "tables")],
        run: { (_: Invocation, _: Console) in .ok }),
      Command(
        name: "show", summary: "shows",
        operands: [
          Operand<Int>("NUMBER", .int, help: "which"), Operand<String?>("LAST", .string, help: "one more"),
        ],
        run: { (_: Invocation, _: Console) in .ok }),
    ])
}
