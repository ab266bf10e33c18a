import SofaDB
import Testing

@Test(arguments: [
  (UInt64(0), "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_709_208_000, "2024-02-29T12:00:00Z"),
  (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
  (253_402_300_799, "9999-12-31T23:59:59Z"), (253_402_300_800, "253402300800 s since 1970"),
])
func timesOfTheUTC(seconds: UInt64, text: String) { #expect(UTCTime.text(seconds) == text) }
