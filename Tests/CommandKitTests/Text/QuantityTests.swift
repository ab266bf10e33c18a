import CommandKit
import Testing

struct QuantityTests {
  @Test func bytes() {
    #expect(Quantity.bytes(-5) == "0 B")
    #expect(Quantity.bytes(0) == "0 B")
    #expect(Quantity.bytes(1023) == "1023 B")
    #expect(Quantity.bytes(1024) == "1.0 KiB")
    #expect(Quantity.bytes(1536) == "1.5 KiB")
    #expect(Quantity.bytes((1 << 20) - 1) == "1.0 MiB")
    #expect(Quantity.bytes(64 << 20) == "64.0 MiB")
    #expect(Quantity.bytes(UInt64.max) == "16.0 EiB")
  }

  @Test func rates() {
    #expect(Quantity.rate(bytes: 310 << 20, seconds: 1) == "310.0 MiB/s")
    #expect(Quantity.rate(bytes: 1, seconds: 0) == "-")
    #expect(Quantity.rate(count: 1_250_000, seconds: 1) == "1.3 M/s")
    #expect(Quantity.rate(bytes: Int.max, seconds: 1e-300).hasSuffix("EiB/s"))
  }

  @Test func counts() {
    #expect(Quantity.grouped(0) == "0")
    #expect(Quantity.grouped(999) == "999")
    #expect(Quantity.grouped(12_345_678) == "12,345,678")
    #expect(Quantity.grouped(-1000) == "-1,000")
    #expect(Quantity.grouped(Int.min) == "-9,223,372,036,854,775,808")
    #expect(Quantity.short(9999) == "9999")
    #expect(Quantity.short(999_950) == "1.0 M")
  }

  @Test func percentagesNeverClaimMoreThanIsTrue() {
    #expect(Quantity.percent(42, of: 100) == "42.0%")
    #expect(Quantity.percent(99_999, of: 100_000) == "99.9%")
    #expect(Quantity.percent(100, of: 100) == "100.0%")
    #expect(Quantity.percent(1, of: 1_000_000) == "0.1%")
    #expect(Quantity.percent(0, of: 5) == "0.0%")
    #expect(Quantity.percent(1, of: 0) == "-")
  }

  @Test func seconds() {
    #expect(Quantity.seconds(0.44) == "0.4 s")
    #expect(Quantity.seconds(59.96) == "1 min 00 s")
    #expect(Quantity.seconds(725) == "12 min 05 s")
    #expect(Quantity.seconds(11_220) == "3 h 07 min")
    #expect(Quantity.seconds(190_000) == "2 d 04 h")
    #expect(Quantity.seconds(.infinity) == "-")
    #expect(Quantity.seconds(1e300).hasSuffix(" h"))
    #expect(Quantity.duration(.milliseconds(1500)) == "1.5 s")
  }

  @Test func decimals() {
    #expect(Quantity.decimal(1.005, digits: 1) == "1.0")
    #expect(Quantity.decimal(-0.04, digits: 1) == "0.0")
    #expect(Quantity.decimal(-2.5, digits: 0) == "-3")
    #expect(Quantity.decimal(3.14159, digits: 4) == "3.1416")
    #expect(Quantity.decimal(.nan, digits: 1) == "-")
    #expect(Quantity.decimal(1e300, digits: 9).count < 40)
  }
}
