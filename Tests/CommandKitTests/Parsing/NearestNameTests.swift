@testable import CommandKit
import Testing

struct NearestNameTests {
  private let names = ["info", "dump", "verify", "repair", "compact", "bulk-load", "convert-compression"]

  @Test(arguments: [
    ("vrify", "verify"), ("verfiy", "verify"), ("bulk_load", "bulk-load"), ("convert", "convert-compression"),
    ("DUMP", "dump"), ("inf", "info"),
  ])
  func likelyNamesAreFound(typed: String, expected: String) {
    #expect(NearestName.find(typed, among: names) == expected)
  }

  @Test(arguments: ["", "x", "frobnicate", String(repeating: "verify", count: 1000)])
  func otherNamesAreNot(typed: String) {
    #expect(NearestName.find(typed, among: names) == nil)
  }

  @Test func swappedNeighboursAreOneMistake() {
    #expect(NearestName.distance(Array("abcd"), Array("abdc")) == 1)
    #expect(NearestName.distance(Array("abc"), []) == 3)
    #expect(NearestName.distance([], Array("abc")) == 3)
    #expect(NearestName.distance(Array("kitten"), Array("sitting")) == 3)
  }
}
