import CommandKit

/// Testing has a type of this name too.
typealias ExitStatus = CommandKit.ExitStatus

/// A small tool with every kind of option and operand, run in process by the tests of this target.
enum SampleTool {
  enum Level: String, CommandLineChoice {
    case quick, blocks, full

    var summary: String {
      switch self {
      case .quick: "names & sizes only: it's \"fast\", costs $0"
      case .blocks: "every checksum"
      case .full: "everything"
      }
    }
  }

  enum Form: String, CommandLineChoice { case text, json, csv }

  static let level = Option<Level>("level", .choice, default: .full, help: "how deep to look: [deeper] is slower")
  static let form = Option<Form>(
    "format", .choice, shorthands: [.init("json", "json")], default: .text, help: "form of the output")
  static let families = Option<[String]>(
    "column-family", .string, aliases: ["cf"], placeholder: "NAME", help: "only this family")
  static let from = Option<String?>("from", .string, aliases: ["start"], placeholder: "KEY", help: "first key")
  static let limit = Option<Int?>("limit", .int, help: "at most so many")
  static let jobs = Option<Int>(
    "jobs", .int(in: 1...64), short: "j", default: 4, defaultText: "the machine's", help: "threads")
  static let memory = Option<Int>("memory", .size(in: 1 << 20...1 << 40), default: 64 << 20, help: "for sorting")
  static let maxTime = Option<Duration?>("max-time", .duration, help: "stop after this long")
  static let manifest = Option<String?>("manifest", .file, bare: "CURRENT", help: "prints the MANIFEST")
  static let quiet = Option<Bool>("quiet", short: "q", help: "no messages")
  static let verbose = Option<Bool>("verbose", short: "v", help: "more messages")
  static let output = Option<String>("output", .path, short: "o", help: "where the result goes")
  static let paths = Operand<[String]>("PATH", .path("sst", "ldb"), option: "db", help: "a database or tables")
  static let database = Operand<String>("DIR", .directory, help: "the database")
  static let last = Operand<String?>("LAST", .string, help: "one more")

  static let verify = Command(
    name: "verify", summary: "reads every byte and says what is wrong",
    discussion: """
      The first paragraph isn't short, so that it has to be broken into two lines at least, if not into three; \
      it has a \\ in it.

      .A second one begins with a dot.

        sofatool verify 'db'   # kept
      """,
    options: [
      OptionGroup("Scope", [level, families, from, limit, manifest]),
      OptionGroup("Running", [form, jobs, memory, maxTime, quiet, verbose]),
    ],
    operands: [paths],
    examples: [.init("sofatool verify --level=quick db", "Looks at names and sizes.")],
    exitStatuses: [.init(.findings, "Something is wrong with a file.")],
    environment: [.init("SOFA_X", "What it is for.")],
    run: { (invocation: Invocation, console: Console) in
      try invocation.exclude(quiet, verbose)
      try invocation.require(limit, with: from)
      try console.output.writeLine(describe(invocation))
      return .findings
    })

  static let copy = Command(
    name: "copy", summary: "copies tables", options: [OptionGroup("Output", [output])],
    operands: [Operand<[String]>("TABLE", .path("sst"), minimum: 0, help: "the tables"), database],
    run: { (invocation: Invocation, console: Console) in
      try console.output.writeLine("\(invocation[output]) \(invocation[database])")
      return .ok
    })

  static let show = Command(
    name: "show", summary: "shows one", operands: [database, last],
    run: { (invocation: Invocation, console: Console) in
      try console.output.writeLine("\(invocation[database]) \(invocation[last] ?? "-")")
      return .ok
    })

  static let tool = Command(
    name: "sofatool", summary: "tools for databases", discussion: "What it is.",
    release: .init(version: "1.2.3", date: "2025-06-01", manual: "SofaDB Manual"),
    subcommands: [verify, copy, show])

  private static func describe(_ invocation: Invocation) -> String {
    let parts: [String?] = [
      invocation[level].rawValue, invocation[form].rawValue, invocation[families].joined(separator: "+"),
      invocation[from], invocation[limit].map { String($0) }, String(invocation[jobs]), String(invocation[memory]),
      invocation[maxTime].map { "\($0)" }, invocation[manifest], invocation[quiet] ? "quiet" : "loud",
      invocation[paths].joined(separator: "+"),
    ]
    return parts.map { $0 ?? "-" }.joined(separator: " ")
  }

  struct Result {
    var status: ExitStatus
    var output: String
    var errors: String
  }

  static func run(_ arguments: [String], tool: Command = tool) -> Result {
    let output = MemoryOutput()
    let errors = MemoryOutput()
    let console = Console(name: tool.name, output: output, errors: errors)
    let status = tool.run(arguments: arguments, context: console)
    return Result(status: status, output: output.text, errors: errors.text)
  }
}
