import CommandKit

Command(
  name: "sofabench",
  summary: "times SofaDB",
  subcommands: [ToolCommand.command, EngineCommand.command]
).main { console in BenchContext(console: console) }
