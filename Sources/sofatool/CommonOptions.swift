public import CommandKit
public import SofaDB

/// Options that mean the same in every command that has them.
enum CommonOptions {
  static let from = Option<[UInt8]?>("from", .key, placeholder: "KEY", help: "first key, included")
  static let to = Option<[UInt8]?>("to", .key, placeholder: "KEY", help: "end key, excluded")
  static let prefix = Option<[UInt8]?>("prefix", .key, placeholder: "KEY", help: "only keys that begin with it")
  static let families = Option<[String]>(
    "column-family", .string, aliases: ["cf"], placeholder: "NAME",
    help: "only this column family; repeatable; default: all")
  static let levels = Option<ClosedRange<Int>?>("levels", .levels, help: "only tables of these levels")
  static let files = Option<[[UInt64]]>("files", .numbers, help: "only tables with these numbers; repeatable")
  static let keyFormat = Option<TextFormat?>("key-format", .choice, help: "how keys are printed; default: escaped")
  static let valueFormat = Option<TextFormat?>(
    "value-format", .choice, help: "how values are printed; default: escaped")
  static let hex = Option<Bool>("hex", help: "the same as --key-format hex --value-format hex")
  static let jobs = Option<Int>(
    "jobs", .int(in: 1...256), short: "j", default: Workers.processors, defaultText: "one a processor", help: "threads")
  static let readRate = Option<Double?>(
    "read-mib-per-sec", .number(in: 0.001...1e6), placeholder: "N",
    help: "all threads together read no more than N MiB a second")
  static let writeRate = Option<Double?>(
    "write-mib-per-sec", .number(in: 0.001...1e6), placeholder: "N",
    help: "all threads together write no more than N MiB a second")
  static let output = Option<String?>("output", .path, short: "o", help: "the result goes there; refused if it exists")
  static let overwrite = Option<Bool>("overwrite", help: "replaces what --output names")
  static let showKeys = Option<Bool>("show-keys", help: "keys may appear in findings")
  static let quiet = Option<Bool>("quiet", short: "q", help: "no progress, no remarks")
  static let progress = Option<Progress.Mode>("progress", .choice, default: .auto, help: "progress on standard error")
}

extension ValueSyntax where Value == [UInt8] {
  /// A KEY: escaped text, `0x6b65`, `hex:6b65`, `base64:a2U=`, `raw:...`, `u64be:17`.
  static var key: ValueSyntax {
    ValueSyntax(placeholder: "KEY") { (text) throws(ValueError) in
      do throws(FormatError) {
        return try KeyText.parse(text)
      } catch {
        throw ValueError("is no key: \(error.reason)", at: error.offset)
      }
    }
  }
}

extension TextFormat: CommandLineChoice {
  public var summary: String {
    switch self {
    case .escaped: "printable UTF-8 as it is, all else \\xNN"
    case .hex: "hexadecimal digits"
    case .base64: "RFC 4648 with padding"
    case .u64be: "8 bytes as a number, big-endian"
    case .u32be: "4 bytes as a number, big-endian"
    case .i64be: "8 bytes as a signed number, big-endian, sign flipped"
    case .u64le: "8 bytes as a number, little-endian"
    }
  }
}
