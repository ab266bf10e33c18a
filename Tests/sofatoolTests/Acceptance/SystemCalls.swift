/// The system calls of one run of the built tool, as `strace` saw them, threads included.
import Foundation
import SofaTesting

struct SystemCalls {
  let outcome: ChildProcess.Outcome
  /// `name(arguments...`, without the thread's number.
  let calls: [String]

  /// Whether `strace` is installed and may trace here; says so when not.
  static let isPossible: Bool = {
    do {
      guard BuiltTool.isBuilt, let strace = ChildProcess.find("strace") else {
        print("skipped: no strace, or no sofatool, to look at system calls")
        return false
      }
      let works = try ChildProcess.run(strace, ["-f", "-o", "/dev/null", "/bin/true"], seconds: 20).status == 0
      if !works { print("skipped: processes may not be traced here") }
      return works
    } catch {
      print("skipped: strace does not run: \(error)")
      return false
    }
  }()

  /// Everything that could change a file, the system or somebody else's process.
  private static let watched = [
    "open", "openat", "openat2", "creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat",
    "rmdir", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "truncate", "ftruncate", "fallocate",
    "copy_file_range", "sendfile", "splice", "write", "writev", "pwrite64", "pwritev", "pwritev2", "fsync",
    "fdatasync", "sync", "syncfs", "sync_file_range", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat",
    "lchown", "utimensat", "utime", "utimes", "futimesat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
    "fcntl", "flock", "socket", "socketpair", "connect", "bind", "listen", "execve", "execveat", "fork", "vfork",
    "kill", "tkill", "ptrace", "mount", "io_uring_setup", "userfaultfd", "memfd_create", "shm_open",
  ]

  init(_ arguments: [String]) throws {
    guard let strace = ChildProcess.find("strace"), let tool = BuiltTool.path else { throw BuiltTool.NotBuilt() }
    let folder = try TemporaryDirectory()
    let list = SystemCalls.watched.map { "?" + $0 }.joined(separator: ",")
    outcome = try ChildProcess.run(
      strace,
      ["-f", "-qq", "-s", "64", "-e", "trace=" + list, "-e", "signal=none", "-o", folder.path + "/log", tool]
        + arguments, seconds: 120)
    let log = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/log"))
    calls = String(decoding: log, as: UTF8.self).split(separator: "\n").compactMap { line in
      let call = line.drop { $0.isNumber || $0 == " " }
      return call.hasPrefix("<...") || call.hasPrefix("+++") || call.hasPrefix("---") ? nil : String(call)
    }
  }

  /// Those that a command which reads must not make.
  var offences: [String] {
    var executions = 0
    return calls.filter { call in
      let name = call.prefix { $0 != "(" }
      switch name {
      case "open", "openat", "openat2":
        return ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"].contains { call.contains($0) }
      case "fcntl":
        return ["F_SETLK", "F_OFD_SETLK", "F_SETLEASE", "F_SETFL"].contains { call.contains($0) }
      case "write", "writev":
        return !call.hasPrefix("\(name)(1, ") && !call.hasPrefix("\(name)(2, ")
      case "execve":
        executions += 1
        return executions > 1
      default: return true
      }
    }
  }
}
