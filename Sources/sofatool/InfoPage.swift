import SofaDB

/// The page of `info --html`: one self-contained file that needs no network and works from a local disk.
///
/// What comes out of a database is text: escaped in the markup, and in the data block, where no `<` is left, read by
/// the script as data only. The drawing is there without the script, which adds what a click shows.
struct InfoPage {
  private let showKeys: Bool
  private var sections: [(report: InspectReport, title: String, screen: String)] = []

  init(showKeys: Bool) { self.showKeys = showKeys }

  mutating func add(_ report: InspectReport, title: String, screen: String) {
    sections.append((report, title, screen))
  }

  func write(to file: OutputFile) throws(DatabaseError) {
    var page = ByteWriter(capacity: 1 << 16)
    let palette = InfoPalette(sections.lazy.flatMap(\.report.tables))
    page.append(utf8: head(palette))
    var firstIndex = 0
    for section in sections {
      page.append(utf8: "<h1>\(HTMLText.escape(EscapedText.printable(section.title)))</h1>\n")
      page.append(utf8: "<pre>\(HTMLText.escape(section.screen))</pre>\n")
      let tables = Dictionary(grouping: section.report.tables, by: \.family)
      for family in section.report.families {
        page.append(utf8: map(family, tables[family.name] ?? [], &firstIndex, palette))
      }
    }
    page.append(utf8: "</main>\n<aside id=\"detail\" hidden></aside>\n")
    appendData(to: &page)
    page.append(utf8: InfoPage.script)
    try file.write(page.bytes)
  }

  private func map(
    _ family: InspectedFamily, _ members: [InspectedTable], _ firstIndex: inout Int, _ palette: InfoPalette
  ) -> String {
    guard !members.isEmpty else { return "" }
    let map = InfoMap(members, order: family.order, firstIndex: firstIndex, palette: palette)
    firstIndex += members.count
    let note =
      map.isOrdered
      ? "from the first key to the last; as wide as the bytes that lie there"
      : "the order of keys is not known: tables stand side by side"
    return "<h2>family \(HTMLText.escape(EscapedText.printable(family.name)))</h2>\n"
      + "<p class=\"note\">\(note)</p>\n" + map.svg
  }

  /// The tables in the order of their indexes, and the findings about each.
  private func appendData(to page: inout ByteWriter) {
    var json = JSONWriter(capacity: 1 << 16)
    json.beginArray()
    for section in sections {
      let findings = Dictionary(grouping: section.report.findings) { $0.file ?? "" }
      let tables = Dictionary(grouping: section.report.tables, by: \.family)
      for family in section.report.families {
        for table in tables[family.name] ?? [] {
          json.beginArray()
          table.encode(into: &json, showKeys: showKeys)
          for finding in findings[table.name] ?? [] { json.value(finding.line) }
          json.endArray()
        }
      }
    }
    json.endArray()
    page.append(utf8: "<script type=\"application/json\" id=\"tables\">")
    // Outside strings JSON has no angle bracket, and inside them this escape means the same.
    for byte in json.output.bytes {
      if byte == UInt8(ascii: "<") { page.append(utf8: "\\u003c") } else { page.append(byte) }
    }
    page.append(utf8: "</script>\n")
  }

  // MARK: Fixed parts

  private func head(_ palette: InfoPalette) -> String {
    let names = sections.map { HTMLText.escape(EscapedText.printable($0.title)) }.joined(separator: ", ")
    var text = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
      script-src 'unsafe-inline'">
      <title>\(names)</title>
      <style>
      \(InfoPage.style)
      \(InfoPage.colours)</style>
      </head>
      <body>

      """
    // Before `main`, since the style of what follows depends on which of them is chosen.
    for (index, legend) in palette.legends.enumerated() {
      text += "<input type=\"radio\" name=\"mode\" id=\"by-\(legend.mode)\"\(index == 0 ? " checked" : "")>"
      text += "<label for=\"by-\(legend.mode)\">\(legend.mode)</label>\n"
    }
    text += "<main>\n"
    for legend in palette.legends {
      text += "<p class=\"legend \(legend.mode)\">"
      for entry in legend.entries { text += "<b class=\"\(entry.style)\"></b>\(HTMLText.escape(entry.text)) " }
      text += "</p>\n"
    }
    return text
  }

  private static let style = """
    body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em; color: #222; background: #fff; }
    h1 { font-size: 1.3em; } h2 { font-size: 1.1em; margin-bottom: 0; }
    pre { background: #f6f6f6; padding: .8em; overflow-x: auto; }
    .note { margin: 0 0 .5em; color: #666; }
    label { margin: 0 1em 0 .2em; }
    .legend { display: none; } .legend b { display: inline-block; width: 1em; height: 1em; margin: 0 .3em 0 .8em; }
    svg { width: 100%; height: auto; } svg text { font: 12px sans-serif; }
    rect { stroke: #fff; stroke-width: .4; cursor: pointer; }
    rect:focus { outline: none; } rect.on, rect:focus { stroke: #000; stroke-width: 1.2; }
    aside { position: sticky; bottom: 0; background: #fffbe6; border-top: 2px solid #ccc; padding: .5em 1em; }
    dl { display: grid; grid-template-columns: repeat(auto-fill, 11em 14em); gap: 0 1em; margin: 0; }
    dt { color: #666; } dd { margin: 0; overflow-wrap: anywhere; }
    """

  /// The colours of each mode's classes, which count while its button is chosen.
  private static var colours: String {
    var text = ""
    for (mode, prefix, colours) in [
      ("codec", "c", InfoPalette.codecColours), ("age", "a", InfoPalette.ageColours),
      ("finding", "f", InfoPalette.findingColours),
    ] {
      text += "#by-\(mode):checked ~ main .\(mode) { display: block; }\n"
      let all = colours.enumerated().map { ("\(prefix)\($0.offset)", $0.element) }
      for (style, colour) in all + [("\(prefix)x", InfoPalette.unknownColour)] {
        text += "#by-\(mode):checked ~ main .\(style) { fill: \(colour); background: \(colour); }\n"
      }
    }
    return text
  }

  private static let script = """
    <script>
    (() => {
      const tables = JSON.parse(document.getElementById("tables").textContent);
      const detail = document.getElementById("detail");
      const show = (rect) => {
        document.querySelectorAll("rect.on").forEach((other) => other.classList.remove("on"));
        rect.classList.add("on");
        const [table, ...findings] = tables[Number(rect.dataset.i)];
        const list = document.createElement("dl");
        for (const [name, value] of Object.entries(table)) {
          if (name === "record" || name === "schema") continue;
          const term = document.createElement("dt");
          const text = document.createElement("dd");
          term.textContent = name;
          text.textContent = String(value);
          list.append(term, text);
        }
        detail.replaceChildren(list);
        for (const finding of findings) {
          const line = document.createElement("div");
          line.textContent = finding;
          detail.append(line);
        }
        detail.hidden = false;
      };
      const isTable = (target) => target instanceof Element && target.hasAttribute("data-i");
      document.addEventListener("click", (event) => { if (isTable(event.target)) show(event.target); });
      document.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && isTable(event.target)) show(event.target);
      });
    })();
    </script>
    </body>
    </html>

    """
}
