/// The process that tests kill: writes to the database at its first argument until then. See `NumberedWriter`.
internal import SofaTesting

@main struct Writer {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let setting = Int(arguments[3]) else {
      print("usage: sofawriter DATABASE PROGRESS SETTING")
      return
    }
    NumberedWriter(setting: setting).run(arguments[1], progress: arguments[2])
  }
}
