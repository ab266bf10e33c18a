/// How a block is compressed: the byte after it in a table. Source: RocksDB's `CompressionType`; LevelDB has 0, 1 and,
/// after 1.23, 2 for zstd (see `BlockFraming.leveldb`).
///
/// A byte that is none of these (0x80 and above are custom codecs of format_version 7) has no case; `describe` words
/// it.
public enum Compression: UInt8, CaseIterable, Sendable {
  case none = 0
  case snappy = 1
  case zlib = 2
  case bzip2 = 3
  case lz4 = 4
  case lz4hc = 5
  case xpress = 6
  case zstd = 7
  /// zstd before its format was final; the same payload.
  case zstdNotFinal = 0x40

  /// What the property `rocksdb.compression` says.
  public var propertyName: String {
    switch self {
    case .none: "NoCompression"
    case .snappy: "Snappy"
    case .zlib: "Zlib"
    case .bzip2: "BZip2"
    case .lz4: "LZ4"
    case .lz4hc: "LZ4HC"
    case .xpress: "Xpress"
    case .zstd: "ZSTD"
    case .zstdNotFinal: "ZSTDNotFinal"
    }
  }

  /// The spelling of command lines and reports.
  public var name: String { self == .none ? "none" : propertyName.lowercased() }

  /// Accepts the names of command lines, properties and options files in any case: `zstd`, `ZSTD`, `kZSTD`,
  /// `kSnappyCompression`, `NoCompression`, `none`.
  public init?(_ text: String) {
    var name = Substring(text.lowercased())
    if name.hasPrefix("k") { name = name.dropFirst() }
    if name.hasSuffix("compression") { name = name.dropLast("compression".count) }
    if name == "no" { name = "none" }
    guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }

  /// Whether `Decompressor` reads it. The others are recognised and reported as unsupported.
  public var canDecode: Bool { self != .bzip2 && self != .xpress }

  /// Whether `Compressor` writes it.
  public var canEncode: Bool {
    switch self {
    case .none, .snappy, .zlib, .lz4, .lz4hc, .zstd: true
    case .bzip2, .xpress, .zstdNotFinal: false
    }
  }

  /// Whether a table's dictionary applies to blocks of this codec; the others ignore it.
  public var usesDictionary: Bool {
    switch self {
    case .zlib, .lz4, .lz4hc, .zstd, .zstdNotFinal: true
    case .none, .snappy, .bzip2, .xpress: false
    }
  }

  /// Legal levels, from fast to small, or nil where there is nothing to choose. Below zero, `lz4` (and zstd in its own
  /// way) trade size for speed; 0 is taken by zstd for its default.
  public var levels: ClosedRange<Int>? {
    switch self {
    case .zlib: 1...9
    case .lz4: -65_537...1
    case .lz4hc: 1...12
    case .zstd: -131_072...22
    case .none, .snappy, .bzip2, .xpress, .zstdNotFinal: nil
    }
  }

  /// The level when none is asked for; RocksDB's defaults.
  public var defaultLevel: Int {
    switch self {
    case .zlib: 6
    case .lz4: 1
    case .lz4hc: 9
    case .zstd: 3
    case .none, .snappy, .bzip2, .xpress, .zstdNotFinal: 0
    }
  }

  /// A name for any type byte, for messages: "zstd", "custom codec 0x81", "unknown codec 0x22".
  public static func describe(_ type: UInt8) -> String {
    if let known = Compression(rawValue: type) { return known.name }
    return (type >= 0x80 ? "custom codec 0x" : "unknown codec 0x") + String(type, radix: 16)
  }
}
