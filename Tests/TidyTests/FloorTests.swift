import Testing

/// Folders of `Sources/SofaDB` are floors: a file names only types of its own folder and of those below it.
struct FloorTests {
  /// Lowest first.
  static let floors = [
    "Bytes", "Threads", "Files", "Keys", "Codecs", "Log", "Memtable", "Table", "Manifest", "Merge", "Compaction",
    "Database", "Engine", "Maintenance",
  ]

  @Test func noFloorNamesAHigherOne() throws {
    Self.offences(in: try SourceTree.project.swift(below: "Sources/SofaDB")).expectNone()
  }

  @Test func theCheckSeesAnUpwardName() {
    let low = source("Sources/SofaDB/Bytes/Low.swift", "struct Low { let high: High; let own: Kind; enum Kind {} }")
    let high = source("Sources/SofaDB/Table/High.swift", "struct High { let low: Low }\nenum Kind {}")
    #expect(
      Self.offences(in: [low, high]).lines
        == ["Sources/SofaDB/Bytes/Low.swift:1: names High of the higher floor Table"])
    let lost = source("Sources/SofaDB/Attic/Lost.swift", "struct Lost {}")
    #expect(Self.offences(in: [lost]).lines.count == 1)
  }

  private func source(_ path: String, _ text: String) -> SwiftSource { SwiftSource(.init(path: path, text: text)) }

  private static func offences(in sources: [SwiftSource]) -> Offences {
    var offences = Offences()
    var home: [String: Int] = [:]
    for source in sources {
      guard source.file.folders.count > 2, let floor = floors.firstIndex(of: source.file.folders[2]) else {
        offences.add(source.file.path, "is on no floor; the floors are \(floors.joined(separator: ", "))")
        continue
      }
      for type in source.declarations where type.depth == 0 && type.keyword != "extension" && !type.isPrivate {
        home[type.name] = min(floor, home[type.name] ?? floor)
      }
    }
    for source in sources {
      guard source.file.folders.count > 2, let floor = floors.firstIndex(of: source.file.folders[2]) else { continue }
      // A nested type may share its name with a higher one.
      let own = Set(source.declarations.filter { $0.keyword != "extension" }.map(\.name))
      for (word, line) in source.typeWords.sorted(by: { $0.key < $1.key }) where !own.contains(word) {
        guard let other = home[word], other > floor else { continue }
        offences.add(source.file.path, line: line, "names \(word) of the higher floor \(floors[other])")
      }
    }
    return offences
  }
}
