import CommandKit
import Testing

struct TextTableTests {
  @Test func columnsAreAligned() {
    var table = TextTable([.left("file"), .right("size"), .left("note")])
    table.add(["000012.sst", "1.5 KiB", ""])
    table.add(["日本", "12 B", "wide"])
    #expect(
      table.text(indent: 2) == """
          file           size  note
          000012.sst  1.5 KiB
          日本           12 B  wide

        """)
  }

  @Test func titlesAreOptional() {
    var table = TextTable([.left(), .right()])
    #expect(table.text() == "")
    table.add(["a", "1"])
    #expect(table.text() == "a  1\n")
  }

  @Test func widthCountsColumns() {
    #expect(DisplayWidth.of("e\u{301}x") == 2)
    #expect(DisplayWidth.of("日本🙂") == 6)
    #expect(DisplayWidth.pad("ab", to: 4, right: true) == "  ab")
  }
}
