import SofaTesting
import Testing

@testable import SofaDB

/// Damaged tables of every shape: what is good is kept, what is lost is told, nothing is made up.
@Suite struct TableSalvageTests {
  /// Cases with a few blocks and moderate sizes; huge values are as large as tables get.
  static let numbers = (0..<30).filter { TableCase.Shape.allCases[$0 % TableCase.Shape.allCases.count] != .hugeValues }

  /// Only for CRC-32C the search for a flipped bit is linear; for the others it is quadratic, which shows where nothing
  /// is optimised.
  private static func isQuick(_ size: UInt64, _ footer: Footer) -> Bool { footer.checksum == .crc32c || size < 3000 }

  @Test(arguments: numbers)
  func aFlippedBitIsPutRight(number: Int) throws {
    let item = try SalvageCase(number)
    let (data, others, footer) = try item.layout()
    var random = SeededRandom(seed: UInt64(number))
    var places = data.prefix(2).map { $0.offset + UInt64(random.below(Int($0.size) + 5)) }
    places += others.map { $0.handle.offset + UInt64(random.below(Int($0.handle.size) + 5)) }
    for place in places {
      let length = (data + others.map(\.handle)).first { $0.offset <= place && place < $0.end ?? 0 }?.size ?? 0
      guard Self.isQuick(length, footer) else { continue }
      var damaged = item.bytes
      damaged[Int(place)] ^= 1 << UInt8(random.below(8))
      let rescue = try item.rescue(damaged)
      let missing = try item.check(rescue)
      #expect(missing == 0 && rescue.losses.isEmpty, "\(item.table) at \(place): \(rescue.losses)")
    }
  }

  @Test(arguments: numbers)
  func zeroedBlocksLoseTheirIntervalOnly(number: Int) throws {
    let item = try SalvageCase(number)
    let (data, _, _) = try item.layout()
    guard !data.isEmpty else { return }
    var random = SeededRandom(seed: UInt64(number))
    for count in 1...2 {
      var damaged = item.bytes
      for _ in 0..<count {
        let block = data[random.below(data.count)]
        for place in block.offset..<(block.offset + block.size + 5) { damaged[Int(place)] = 0 }
      }
      let rescue = try item.rescue(damaged)
      let missing = try item.check(rescue)
      #expect(missing > 0 && !rescue.losses.isEmpty)
      if data.count > 12 { #expect(missing < item.written.count / 2, "\(item.table)") }
    }
  }

  @Test(arguments: numbers)
  func anIndexOrMetaindexThatIsGoneLosesNothing(number: Int) throws {
    let item = try SalvageCase(number)
    let (data, others, footer) = try item.layout()
    for block in others where [.index, .indexPartition, .metaindex, .properties, .filter].contains(block.kind) {
      // A dictionary cannot be found without the metaindex, nor range deletions told from data by nobody.
      if block.kind == .metaindex, others.contains(where: { $0.kind == .dictionary }) { continue }
      guard Self.isQuick(block.handle.size, footer) else { continue }
      var damaged = item.bytes
      for place in block.handle.offset..<(block.handle.offset + block.handle.size) { damaged[Int(place)] ^= 0x5A }
      let rescue = try item.rescue(damaged)
      let missing = try item.check(rescue)
      if !data.isEmpty { #expect(missing == 0, "\(item.table): \(block.kind)") }
    }
  }

  @Test(arguments: numbers)
  func aTableThatIsCutKeepsItsBeginning(number: Int) throws {
    let item = try SalvageCase(number)
    let (data, others, _) = try item.layout()
    guard data.count > 3, !others.contains(where: { $0.kind == .dictionary }) else { return }
    for part in [2, 3] {
      let cut = Int(data[data.count * part / 4].offset) + 3
      let rescue = try item.rescue(Array(item.bytes[..<cut]))
      let missing = try item.check(rescue)
      #expect(missing < item.written.count, "\(item.table)")
      #expect(!rescue.losses.isEmpty)
    }
    let footless = try item.rescue(Array(item.bytes.dropLast(20)))
    #expect(try item.check(footless) == 0, "\(item.table) without a footer")
  }

  @Test(arguments: numbers)
  func aMisplacedBlockDoesNotPushOutOthers(number: Int) throws {
    let item = try SalvageCase(number)
    let (data, _, footer) = try item.layout()
    guard data.count > 4, footer.contextBase == 0 else { return }
    // The copy of a later block over an earlier one of at least its size.
    for early in 0..<(data.count - 2) {
      guard let late = data[(early + 2)...].first(where: { $0.size == data[early].size }) else { continue }
      var damaged = item.bytes
      let source = Array(item.bytes[Int(late.offset)..<Int(late.offset + late.size + 5)])
      damaged.replaceSubrange(Int(data[early].offset)..<(Int(data[early].offset) + source.count), with: source)
      let rescue = try item.rescue(damaged)
      let missing = try item.check(rescue)
      #expect(missing > 0 && missing <= item.written.count / 2, "\(item.table)")
      return
    }
  }

  @Test(arguments: numbers)
  func lostRangeDeletionsAreSaidLoudly(number: Int) throws {
    let item = try SalvageCase(number)
    guard let block = try item.layout().others.first(where: { $0.kind == .rangeDeletions }) else { return }
    var damaged = item.bytes
    for place in block.handle.offset..<(block.handle.offset + block.handle.size) { damaged[Int(place)] ^= 0x5A }
    let rescue = try item.rescue(damaged)
    let loss = rescue.losses.first { $0.kind == .rangeDeletions }
    #expect(loss?.mayResurface == true && loss?.count == UInt64(item.table.tombstones.count))
    try item.check(rescue)
  }

  @Test func anIngestedTableKeepsItsSequenceNumber() throws {
    let fixture = try FixtureDatabase("r783-ingest")
    let directory = try PosixFileSystem().readableDirectory(at: fixture.path)
    let version = try ManifestReader.readCurrent(directory).version
    for family in version.families {
      for table in family.tables where table.smallestSequence == table.largestSequence && table.largestSequence > 0 {
        let name = DatabaseFile.table(table.number).name
        let source = try directory.open(name)
        let content = try source.readExactly(Int(source.size), at: 0)
        var bytes = withExtendedLifetime(content) { [UInt8](content.bytes) }
        let file = try TableFile(source)
        let filter = try #require(try file.readMetaIndex().properties)
        // The last bytes of the properties.
        for place in (filter.offset + filter.size - 8)..<(filter.offset + filter.size) { bytes[Int(place)] ^= 0x33 }
        var salvage = TableSalvage(
          MemoryFile(bytes, name: name), name: name, metadata: table, family: family.name, order: family.order)
        let rescue = try salvage.run()
        #expect(rescue.verdict == .salvaged && rescue.losses.isEmpty)
        #expect(rescue.smallestSequence == table.largestSequence && rescue.largestSequence == table.largestSequence)
      }
    }
  }
}
