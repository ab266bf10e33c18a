/// Between which releases of RocksDB a table was written, told by the properties that every table of a release has.
public struct EngineGuess: Sendable, Equatable {
  public var from: EngineRelease?
  /// Excluded.
  public var before: EngineRelease?

  init(from: EngineRelease?, before: EngineRelease?) {
    self.from = from
    self.before = before
  }

  /// Properties that all tables have since the release, most recent first.
  private static let marks: [(name: PropertyName, since: EngineRelease)] = [
    (.dataRestartInterval, EngineRelease(11, 0)), (.smallestSequence, EngineRelease(10, 7)),
    (.largestSequence, EngineRelease(9, 7)), (.tailStartOffset, EngineRelease(8, 3)),
  ]

  /// nil for tables of other writers, which lack some of what RocksDB always says, and for external tables, which
  /// another release may have made. `epoch`: whether the MANIFEST has one for the table; nil without MANIFEST.
  init?(_ properties: TableProperties, _ features: [EngineFeature], epoch: Bool?) {
    let always: [PropertyName] = [.databaseIdentity, .compressionOptions, .propertyCollectors]
    guard always.allSatisfy({ properties[$0] != nil }), properties.externalVersion == nil else { return nil }
    from = features.map(\.since).max()
    var next: EngineRelease?
    for (name, since) in EngineGuess.marks {
      if properties[name] != nil {
        from = max(from ?? since, since)
        break
      }
      next = since
    }
    before = next
    switch epoch {
    case true: from = max(from ?? EngineRelease(7, 10), EngineRelease(7, 10))
    case false: before = min(before ?? EngineRelease(7, 10), EngineRelease(7, 10))
    default: break
    }
    if let from, let before, from >= before { return nil }
  }

  /// Such as "8.3 or newer, before 9.7".
  public var text: String {
    switch (from, before) {
    case (let from?, let before?): "\(from) or newer, before \(before)"
    case (let from?, nil): "\(from) or newer"
    case (nil, let before?): "before \(before)"
    case (nil, nil): "any"
    }
  }
}
