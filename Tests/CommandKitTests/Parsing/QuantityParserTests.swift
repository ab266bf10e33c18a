@testable import CommandKit
import Testing

struct QuantityParserTests {
  @Test(arguments: [
    ("0", 0), ("4096", 4096), ("512k", 524_288), ("512K", 524_288), ("64MiB", 67_108_864), ("64m", 67_108_864),
    ("1.5GiB", 1_610_612_736), ("1KB", 1000), ("3kb", 3000), ("2MB", 2_000_000), ("1tib", 1 << 40), ("7B", 7),
    ("0.5k", 512), ("0.0001k", 0), ("7E", 7 << 60), ("1.000000001GB", 1_000_000_001), ("1.9999999999999k", 2047),
  ])
  func sizesAreRead(text: String, expected: Int) throws {
    #expect(try QuantityParser.size(text) == expected)
  }

  @Test(arguments: ["", "k", "1kk", "1x", "-1", "1.", ".5k", "8E", "99999999999999999999", "1 k", "1KiBs", "١"])
  func otherSizesAreErrors(text: String) {
    #expect(throws: ValueError.self) { try QuantityParser.size(text) }
  }

  @Test(arguments: [
    ("0", Duration.zero), ("90s", .seconds(90)), ("20m", .seconds(1200)), ("2h", .seconds(7200)),
    ("1d", .seconds(86400)), ("1h30m", .seconds(5400)), ("1.5s", .milliseconds(1500)), ("250ms", .milliseconds(250)),
  ])
  func durationsAreRead(text: String, expected: Duration) throws {
    #expect(try QuantityParser.duration(text) == expected)
  }

  @Test(arguments: ["", "5", "s", "1y", "1h5", "-1s", "999999999d", "106752d"])
  func otherDurationsAreErrors(text: String) {
    #expect(throws: ValueError.self) { try QuantityParser.duration(text) }
  }

  @Test func integersKeepTheirRange() throws {
    #expect(try QuantityParser.integer("-9223372036854775808", in: Int.min...Int.max) == Int.min)
    #expect(try QuantityParser.integer("18446744073709551615", in: 0...UInt64.max) == UInt64.max)
    for text in ["", "-", "1a", "0x10", "18446744073709551616", "-1"] {
      #expect(throws: ValueError.self) { try QuantityParser.integer(text, in: 0...UInt64.max) }
    }
  }

  /// What help prints as a default is read back as the same number.
  @Test func exactSpellingsAreReadBack() throws {
    for size in [0, 1, 1023, 1024, 1025, 1536, 64 << 20, 3 << 40, 1 << 62, Int.max] {
      #expect(try QuantityParser.size(Quantity.exactSize(size)) == size)
    }
    for time in [Duration.zero, .milliseconds(1), .milliseconds(1500), .seconds(90), .seconds(1200), .seconds(7200)] {
      #expect(try QuantityParser.duration(Quantity.exactDuration(time)) == time)
    }
  }
}
