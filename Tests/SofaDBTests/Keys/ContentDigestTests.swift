import Testing

@testable import SofaDB

@Suite struct ContentDigestTests {
  private func digest(_ entries: [(family: String, kind: EntryKind, key: String, value: String)]) -> ContentDigest {
    var digest = ContentDigest()
    for entry in entries {
      Array(entry.key.utf8).withUnsafeBytes { key in
        Array(entry.value.utf8).withUnsafeBytes { value in
          digest.add(entry.kind, key: key, value: value, in: ContentDigest.Family(name: entry.family))
        }
      }
    }
    return digest
  }

  @Test func orderDoesNotMatterAndPartsAddUp() {
    let a = ("default", EntryKind.value, "a", "1")
    let b = ("default", EntryKind.value, "b", "2")
    var sum = digest([b])
    sum.add(digest([a]))
    #expect(digest([a, b]) == digest([b, a]))
    #expect(digest([a, b]) == sum)
    #expect(sum.entries == 2)
    #expect(sum.hex.count == 32)
  }

  @Test func everyPartOfAnEntryMatters() {
    let variants: [(String, EntryKind, String, String)] = [
      ("default", .value, "ab", "c"), ("default", .value, "a", "bc"), ("default", .value, "", "abc"),
      ("default", .value, "abc", ""), ("default", .deletion, "abc", ""), ("other", .value, "ab", "c"),
      ("default", .merge, "ab", "c"),
    ]
    var seen: Set<String> = [ContentDigest().hex]
    for variant in variants { #expect(seen.insert(digest([variant]).hex).inserted) }
    let one = variants[0]
    #expect(digest([one, one]) != digest([one]))
  }

  /// A digest that was printed once must be computable for ever.
  @Test func theValueIsFixed() {
    #expect(ContentDigest().hex == "00000000000000000000000000000000")
    let value = digest([("default", .value, "key", "value"), ("default", .deletion, "gone", "")])
    #expect(value.hex == "eb435fa98ce74eba3e825613269c8951")
  }
}
