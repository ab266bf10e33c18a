import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ScrubTests {
  private func attributes(_ number: UInt64, modified: Int64 = 1_700_000_000) -> FileAttributes {
    FileAttributes(
      kind: .file, size: number * 100, modified: modified, modifiedNanoseconds: 17, fileID: number, device: 1)
  }

  private static var finding: Finding {
    var finding = Finding(
      .blockChecksum, severity: .warning, file: "0000\\01\n.sst", family: "f\u{0}", level: 3, offset: 4, length: 5,
      block: .data, detail: "a \"detail\"\\")
    (finding.stored, finding.computed, finding.cause) = ("0x1", "0x2", "persistent")
    (finding.from, finding.to) = (Array("secret".utf8), Array("secret".utf8))
    (finding.firstSequence, finding.lastSequence) = (6, .max)
    return finding
  }

  private func filled() -> Scrub {
    let scrub = Scrub(time: ManualTime())
    _ = scrub.plan(["a", "b", "c"], [attributes(1), attributes(2), attributes(3)], level: .full)
    scrub.remember(0, AuditOutcome(findings: [Self.finding, Finding(.fileSize, detail: "")]))
    scrub.remember(2, AuditOutcome(blobReferences: [7: [0, 255], 9: [4]], compression: 4))
    return scrub
  }

  @Test func theStateIsReadBack() throws {
    let state = filled().state
    let bytes = state.encoded(source: "d\"b\n")
    let read = try ScrubState(MemoryFile(bytes))
    #expect(read == state)
    #expect(read.files["a"]?.outcome.findings.first?.cause == "persistent")
    #expect(!String(decoding: bytes, as: UTF8.self).contains("secret"))
    #expect(try ScrubState(MemoryFile(ScrubState().encoded(source: ""))) == ScrubState())
  }

  @Test func everyCutAndEveryFlipIsSeen() {
    let bytes = filled().state.encoded(source: "db")
    func expectRefused(_ bytes: [UInt8], _ what: String) {
      do {
        _ = try ScrubState(MemoryFile(bytes))
        Issue.record("\(what) was accepted")
      } catch {
        #expect(error.kind == .corruption, "\(what)")
      }
    }
    for length in 0..<bytes.count { expectRefused(Array(bytes[..<length]), "cut to \(length)") }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 7)
      expectRefused(changed, "a flip at \(index)")
    }
    for line in [
      "{}", "{\"record\":\"finding\",\"code\":\"file.size\",\"severity\":\"info\",\"detail\":\"\"}",
      "{\"record\":\"file\"}", "{\"record\":\"file\",\"name\":\"a\",\"level\":\"deep\"}",
      "{\"record\":\"blob-reference\",\"blob\":1,\"compression\":1}", "{\"record\":\"header\",\"round\":1}",
      "{\"record\":\"header\",\"what\":\"sofatool-scrub\",\"round\":0}",
    ] {
      var json = JSONWriter()
      json.output.append(utf8: line + "\n")
      ClosedRecords.close(&json, key: nil)
      expectRefused(json.output.array, line)
    }
  }

  @Test func whatWasCheckedIsRemembered() {
    let scrub = filled()
    let names = ["a", "b", "c", "d"]
    let now = [attributes(1), attributes(2), attributes(3), attributes(4)]
    let plan = scrub.plan(names, now, level: .full)
    #expect(plan.remembered.map(\.index) == [0, 2] && plan.pending == [1, 3])
    #expect(plan.remembered[0].outcome.findings.count == 2)
    // Deeper than it was checked, or changed, or another file of the name: again.
    let shallow = Scrub(time: ManualTime())
    _ = shallow.plan(["a"], [attributes(1)], level: .blocks)
    shallow.remember(0, AuditOutcome())
    #expect(shallow.plan(["a"], [attributes(1)], level: .quick).remembered.count == 1)
    #expect(shallow.plan(["a"], [attributes(1)], level: .full).pending == [0])
    for other in [attributes(1, modified: 5), attributes(2), FileAttributes(kind: .file, size: 100)] {
      #expect(shallow.plan(["a"], [other], level: .quick).pending == [0])
    }
    // Gone for a moment is gone for good.
    _ = shallow.plan([], [], level: .quick)
    #expect(shallow.state.files.isEmpty)
    // A file that vanished before it was read cannot be remembered.
    _ = shallow.plan(["a"], [nil], level: .quick)
    shallow.remember(0, AuditOutcome())
    shallow.remember(7, AuditOutcome())
    #expect(shallow.state.files.isEmpty)
  }

  @Test func theOldestCheckComesFirst() {
    let time = ManualTime()
    let scrub = Scrub(time: time)
    let names = ["a", "b", "c", "d"]
    let all = (1...4).map { attributes(UInt64($0)) }
    _ = scrub.plan(names, all, level: .full)
    for index in [2, 0, 3] {
      time.advance(10)
      scrub.remember(index, AuditOutcome())
    }
    #expect(scrub.plan(names, all, level: .full).pending == [1])
    scrub.finishRound()
    // Never checked, then by age.
    #expect(scrub.plan(names, all, level: .full).pending == [1, 2, 0, 3])
    #expect(scrub.state.round == 2)
  }
}
