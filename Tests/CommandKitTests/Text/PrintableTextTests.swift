import CommandKit
import Testing

struct PrintableTextTests {
  @Test func controlCharactersAreSpelledOut() {
    #expect(PrintableText.escape("plain é 日本") == "plain é 日本")
    #expect(PrintableText.escape("a\u{1B}[31m\n\u{7F}") == "a\\x1B[31m\\x0A\\x7F")
    #expect(PrintableText.escape("\u{202E}x\u{85}") == "\\xE2\\x80\\xAEx\\xC2\\x85")
    #expect(PrintableText.quote(String(repeating: "x", count: 5000)).count < 200)
  }
}
