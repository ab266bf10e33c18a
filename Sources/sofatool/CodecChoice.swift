import CommandKit
import SofaDB

/// A codec that tables can be written with, and its level: `zstd`, `zstd:19`, `lz4`, `none`.
struct CodecChoice: Sendable, Equatable {
  var codec: Compression
  /// nil for the codec's own default.
  var level: Int?

  /// The levels that a codec has; nil when it has none.
  static func levels(of codec: Compression) -> ClosedRange<Int>? {
    switch codec {
    case .zstd: -7...22
    case .zlib: 0...9
    case .lz4hc: 1...12
    default: nil
    }
  }

  var text: String { codec.name + (level.map { ":\($0)" } ?? "") }
}

extension ValueSyntax where Value == CodecChoice {
  static var codec: ValueSyntax {
    let codecs = Compression.allCases.filter(\.canEncode)
    let words = codecs.map { ValueCompletion.Word($0.name, "") }
    return ValueSyntax(placeholder: "CODEC[:LEVEL]", completion: .words(words), print: { $0.text }) {
      (text) throws(ValueError) in
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let codec = codecs.first(where: { $0.name == parts[0] }) else {
        throw .unknownWord(String(parts[0]), of: codecs.map(\.name))
      }
      guard parts.count == 2 else { return CodecChoice(codec: codec, level: nil) }
      let place = parts[0].utf8.count + 1
      guard let levels = CodecChoice.levels(of: codec) else { throw ValueError("has no levels", at: place) }
      guard let level = Int(parts[1]), levels.contains(level) else {
        throw ValueError("needs a level from \(levels.lowerBound) to \(levels.upperBound)", at: place)
      }
      return CodecChoice(codec: codec, level: level)
    }
  }
}

/// The checksums that are written; `none` is only read.
enum ChecksumChoice: String, CommandLineChoice {
  case crc32c, xxhash, xxhash64, xxh3

  var type: ChecksumType {
    switch self {
    case .crc32c: .crc32c
    case .xxhash: .xxHash32
    case .xxhash64: .xxHash64
    case .xxh3: .xxh3
    }
  }

  var summary: String {
    switch self {
    case .crc32c: "readable by everything"
    case .xxh3: "the fastest; RocksDB 6.27 and later"
    default: ""
    }
  }
}
