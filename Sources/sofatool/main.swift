import CommandKit
import SofaDB

Sofatool.command.main { console in ToolContext(console: console, fileSystem: PosixFileSystem()) }
