import CommandKit

BenchCommand.command.main { console in BenchContext(console: console) }
