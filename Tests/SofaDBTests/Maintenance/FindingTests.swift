import SofaDB
import Testing

@Suite struct FindingTests {
  @Test func recordHasTheKeysOfTheContract() {
    var finding = Finding(
      .blockChecksum, file: "000012.sst", family: "default", level: 3, offset: 4096, length: 4090, block: .data,
      detail: "the block's bytes changed")
    finding.stored = HexText.number(0x1A2B)
    finding.computed = HexText.number(0xFFFF_FFFF)
    finding.from = [0x61, 0x1B]
    finding.firstSequence = 7
    finding.next = ["sofatool repair db"]
    var json = JSONWriter()
    finding.encode(into: &json)
    #expect(
      String(decoding: json.output.bytes, as: UTF8.self) == """
        {"record":"finding","schema":1,"severity":"error","code":"block.checksum","file":"000012.sst","cf":"default",\
        "level":3,"offset":4096,"length":4090,"block":"data","stored":"0x00001a2b","computed":"0xffffffff",\
        "seq_from":7,"detail":"the block's bytes changed","next":["sofatool repair db"]}

        """)
    json.output.removeAll()
    finding.encode(into: &json, showKeys: true)
    #expect(String(decoding: json.output.bytes, as: UTF8.self).contains(#""from":"a\\x1b""#))
  }

  @Test func linesHideKeysAndControlBytes() {
    var finding = Finding(.fileOrphan, file: "a\u{1B}[31m.sst", detail: "not in the MANIFEST")
    finding.from = [0x73, 0x65, 0x63, 0x72, 0x65, 0x74]
    #expect(finding.line == "info: file.orphan: a\\x1b[31m.sst: not in the MANIFEST")
  }

  @Test func summaryClosesTheRun() {
    var summary = FindingSummary()
    summary.bytesInScope = 10
    #expect(summary.verdict == "incomplete")
    summary.bytes = 10
    #expect(summary.verdict == "ok")
    summary.count(Finding(.fileOrphan, detail: ""))
    #expect(summary.verdict == "ok")
    summary.count(Finding(.walTail, detail: ""))
    #expect(summary.verdict == "findings")
    summary.seconds = 1.23456
    var json = JSONWriter()
    summary.encode(into: &json, exitStatus: 1)
    #expect(
      String(decoding: json.output.bytes, as: UTF8.self) == """
        {"record":"summary","schema":1,"files":0,"files_in_scope":0,"bytes":10,"bytes_in_scope":10,"findings":\
        {"file.orphan":1,"wal.tail":1},"seconds":1.235,"complete":true,"verdict":"findings","exit_status":1}

        """)
  }
}
