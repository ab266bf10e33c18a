/// Damaged MANIFESTs: never a shorter history in silence, never a trap, never a hang.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct ManifestDamageTests {
  static let names = [
    "l123-levels", "r783-cfs", "r1075-atomicflush", "r1075-blob-zstd-gc", "r1112-udt-stripped", "main-ingest",
  ]

  static func content(_ name: String) throws -> (name: String, bytes: [UInt8]) {
    let directory = try PosixFileSystem().readableDirectory(at: FixtureDatabase(name).path)
    let manifest = DatabaseFile.manifest(try CurrentFile.read(directory)).name
    let file = try directory.open(manifest)
    let content = try file.readExactly(Int(file.size), at: 0)
    return (manifest, withExtendedLifetime(content) { [UInt8](content.bytes) })
  }

  /// The whole history of a fixture, with its bytes.
  static func healthy(_ name: String) throws -> (bytes: [UInt8], history: ManifestHistory) {
    let bytes = try content(name).bytes
    let history = try read(bytes)
    try #require(history.isClean && history.records.count > 1)
    return (bytes, history)
  }

  static func read(_ bytes: [UInt8]) throws -> ManifestHistory {
    try ManifestReader.read(MemoryFile(bytes, name: "MANIFEST-000001"), keepingRecords: true)
  }

  /// What is left of the history is its beginning.
  static func expectPrefix(_ history: ManifestHistory, of whole: ManifestHistory, _ place: String) {
    let isPrefix =
      history.records.count <= whole.records.count
      && zip(history.records, whole.records).allSatisfy { $0.offset == $1.offset && $0.edit == $1.edit }
    #expect(isPrefix, "\(place)")
  }

  // Museum B15, B18, J13.
  @Test(arguments: names) func everyFlipIsNoticed(name: String) throws {
    let (bytes, whole) = try ManifestDamageTests.healthy(name)
    for bit in 0..<(bytes.count * 8) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let history = try ManifestDamageTests.read(damaged)
      ManifestDamageTests.expectPrefix(history, of: whole, "bit \(bit)")
      guard case .corrupt(let error) = history.tail else {
        Issue.record("bit \(bit) goes unnoticed, or is taken for a torn tail")
        continue
      }
      #expect(error.file == "MANIFEST-000001" && error.kind == .corruption)
    }
  }

  // Museum B18: a wrong checksum is not the end of the history.
  @Test(arguments: names) func B18_aDamagedEditIsNoEnd(name: String) throws {
    let (bytes, whole) = try ManifestDamageTests.healthy(name)
    for record in whole.records {
      var damaged = bytes
      damaged[Int(record.end) - 1] ^= 1
      guard case .corrupt = try ManifestDamageTests.read(damaged).tail else {
        Issue.record("the record at \(record.offset)")
        continue
      }
    }
  }

  @Test(arguments: names) func everyCutIsNoticed(name: String) throws {
    let (bytes, whole) = try ManifestDamageTests.healthy(name)
    let boundaries = Set(whole.records.map(\.end) + [0])
    for length in 0..<bytes.count {
      for filler in [[], [UInt8](repeating: 0, count: 20), [UInt8](repeating: 0xA5, count: 20)] {
        let history = try ManifestDamageTests.read(Array(bytes[..<length]) + filler)
        ManifestDamageTests.expectPrefix(history, of: whole, "length \(length)")
        let mayBeClean = filler.isEmpty && boundaries.contains(UInt64(length))
        #expect(!history.isClean || mayBeClean, "length \(length)")
      }
    }
  }

  @Test(arguments: names) func zeroedAndDoubledPartsAreNoticed(name: String) throws {
    let (bytes, whole) = try ManifestDamageTests.healthy(name)
    for start in stride(from: 0, to: bytes.count, by: 5) {
      for length in [1, 7, 16, 64] where start + length <= bytes.count {
        var zeroed = bytes
        for index in start..<(start + length) { zeroed[index] = 0 }
        if zeroed != bytes {
          let history = try ManifestDamageTests.read(zeroed)
          ManifestDamageTests.expectPrefix(history, of: whole, "zeros at \(start)")
          #expect(!history.isClean, "zeros at \(start)")
        }
        var spliced = bytes
        spliced.insert(contentsOf: bytes[start..<(start + length)], at: start)
        let history = try ManifestDamageTests.read(spliced)
        #expect(!history.isClean, "splice at \(start)")
      }
    }
  }

  @Test func aLostMiddleIsNoTornTail() throws {
    let (bytes, whole) = try ManifestDamageTests.healthy("r783-cfs")
    // A damaged length in the middle reaches beyond the block: the engines drop all that follows.
    let record = try #require(whole.records.dropFirst(2).first)
    var damaged = bytes
    damaged[Int(record.offset) + 5] |= 0x80
    guard case .corrupt(let error) = try ManifestDamageTests.read(damaged).tail else {
      Issue.record("taken for a torn tail")
      return
    }
    #expect(error.offset == record.offset)
  }

  @Test func readErrorsAreThrown() throws {
    let file = MemoryFile(try ManifestDamageTests.content("main-levels").bytes)
    file.failsFrom = 100
    #expect(throws: DatabaseError.self) { try ManifestReader.read(file) }
  }

  @Test func randomBytesEnd() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var edit = ByteWriter()
      for _ in 0..<Int.random(in: 0..<200, using: &generator) {
        edit.append(UInt8.random(in: .min ... .max, using: &generator))
      }
      let file = MemoryFile()
      try LogWriter(file: file).append(edit.bytes)
      _ = try ManifestReader.read(file)
      _ = try ManifestReader.read(MemoryFile(edit.array))
    }
  }
}
