import Testing

@testable import SofaDB

@Suite struct ManifestEditTests {
  private func script(_ text: String) throws -> [ManifestEdit] {
    try Array(text.utf8).withUnsafeBytes { try ManifestEdit.script($0, name: "plan") }
  }

  @Test func everyEditReadsItsOwnText() throws {
    let edits: [ManifestEdit] = [
      .dropFile(12), .moveFile(9, level: 6), .addFile(44, level: nil), .addFile(44, level: 0),
      .dropFamily("a family: #1"), .set(.lastSequence, .max >> 8), .set(.nextFile, 1), .set(.logNumber, 0),
      .set(.minLogNumber, 7),
    ]
    for edit in edits { #expect(try script(edit.text.replacing("#", with: "x")).count == 1) }
    #expect(try script(edits.map { $0.text.replacing(" #1", with: "") }.joined(separator: "\n")).count == edits.count)
    for edit in edits where edit != .dropFamily("a family: #1") { #expect(try script(edit.text) == [edit]) }
  }

  @Test func aScriptTakesTheSpellingsOfTheCommandLine() throws {
    let text = """
      # a plan
        --drop-file=12   # the damaged one
      move_file 000009.sst:L6\r

      \tadd-file 44
      --set last_sequence=17#
      """
    #expect(throws: DatabaseError.self) { try script(text) }
    #expect(
      try script(text.replacing("17#", with: "17 #")) == [
        .dropFile(12), .moveFile(9, level: 6), .addFile(44, level: nil), .set(.lastSequence, 17),
      ])
    #expect(try script("") == [] && script("\n#\n   \n") == [])
  }

  @Test func whatMakesNoSenseIsToldWithItsLine() throws {
    let wrong = [
      "drop-file", "drop-file x", "drop-file -1", "drop-file +1", "drop-file 12:3", "drop-file 99999999999999999999",
      "drop-file 4611686018427387904", "move-file 12", "move-file 12:", "move-file 12:64", "move-file 12:L",
      "move-file :6", "add-file 12:64", "set", "set 17", "set last-sequence", "set last-sequence=",
      "set last-sequence=72057594037927936", "set size=1", "drop-family", "dropfile 12", "rm 12", "drop-file 12 13",
    ]
    for line in wrong {
      let error = #expect(throws: DatabaseError.self, "\(line)") { try script("# one\n\(line)\ndrop-file 1") }
      #expect(
        error?.kind == .invalid && error?.detail.hasPrefix("line 2: ") == true, "\(line): \(String(describing: error))")
    }
    #expect(throws: DatabaseError.self) {
      try [UInt8]([0x64, 0xFF]).withUnsafeBytes { try ManifestEdit.script($0, name: "") }
    }
  }

  @Test func errorsPointAtTheirPlace() {
    let error = #expect(throws: FormatError.self) { try ManifestEdit(.moveFile, "12:7x") }
    #expect(error?.offset == 3)
  }
}
