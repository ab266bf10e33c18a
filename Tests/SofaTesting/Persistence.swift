/// What may be left of a disk after a crash. Each profile says which of the pending name changes and bytes reached the
/// device; one profile can leave many images.
public enum Persistence: String, CaseIterable, Sendable {
  /// Only what was synced.
  case strict
  /// All that was done.
  case everything
  /// As a journal keeps it: name changes in order up to some point, and the bytes of a file before its rename.
  case ordered
  /// Each pending name change and each pending write on its own.
  case reordered
  /// Sectors of pending writes new, zero or garbage; sizes grown without data.
  case torn
  /// Removals that were not synced persist or not, each on its own.
  case removals
}

/// How `SimulatedDisk.images` explores what may be left.
public struct CrashOptions: Sendable {
  public var profiles: [Persistence] = Persistence.allCases
  public var seed: UInt64 = 1
  /// Up to so many pending changes, all subsets are tried; beyond, single ones, all but one, and random subsets.
  public var exhaustiveLimit = 8
  public var randomSubsets = 16
  /// Bytes that the device writes at once.
  public var sectorSize = 512

  public init() {}
}

extension SimulatedDisk {
  /// What is left, as a disk on which nothing is pending, with a number to find the image again by.
  func images(of profile: Persistence, _ options: CrashOptions, tick: Int) -> [SimulatedDisk] {
    var random = SeededRandom(seed: options.seed ^ UInt64(tick) &* 0x1_0000_01B3)
    switch profile {
    case .strict: return [image(Survivors(content: .durable))]
    case .everything: return [image(Survivors(names: allChanges, content: .all))]
    case .ordered: return orderedImages()
    case .reordered: return reorderedImages(options, &random)
    case .torn: return tornImages(options, &random)
    case .removals: return removalImages(options, &random)
    }
  }

  // MARK: Building one image

  /// The pending changes that reached the device.
  fileprivate struct Survivors {
    enum Content {
      case durable, all
      /// The appends with these indices.
      case writes(Set<Int>)
      case bytes([UInt8])
    }
    /// Orders of name changes.
    var names: Set<Int> = []
    /// Of files that `files` does not name.
    var content: Content
    var files: [Int: Content] = [:]
  }

  private var allChanges: Set<Int> { Set(folders.values.flatMap { $0.changes.map(\.order) }) }

  private var unsettledFiles: [Int] { files.filter { !$0.value.isSettled }.map(\.key).sorted() }

  private func image(_ survivors: Survivors) -> SimulatedDisk {
    var image = self
    for (node, folder) in folders where !folder.changes.isEmpty {
      var names = folder.durable
      for change in folder.changes where survivors.names.contains(change.order) { change.apply(to: &names) }
      image.folders[node] = Folder(names: names, durable: names)
    }
    for (node, file) in folders where file.isRemoved { image.folders[node]?.isRemoved = false }
    for (node, file) in files where !file.isSettled {
      let bytes = file.bytes(surviving: survivors.files[node] ?? survivors.content)
      var settled = File(bytes: bytes, durableCount: bytes.count, digest: file.digest)
      if bytes.count > file.durableCount { settled.digest.add(bytes[file.durableCount...]) }
      image.files[node] = settled
    }
    return image
  }

  // MARK: Profiles

  private func orderedImages() -> [SimulatedDisk] {
    let changes = folders.values.flatMap(\.changes).sorted { $0.order < $1.order }
    var images: [SimulatedDisk] = []
    var survivors = Survivors(content: .durable)
    for count in 0...changes.count {
      if count > 0 {
        survivors.names.insert(changes[count - 1].order)
        if case .move(_, _, let node) = changes[count - 1].change { survivors.files[node] = .all }
      }
      survivors.content = .durable
      images.append(image(survivors))
      survivors.content = .all
      images.append(image(survivors))
    }
    return images
  }

  private func reorderedImages(_ options: CrashOptions, _ random: inout SeededRandom) -> [SimulatedDisk] {
    let orders = allChanges.sorted()
    let writes = unsettledFiles.flatMap { node in (0..<(files[node]?.writes.count ?? 0)).map { (node, $0) } }
    return subsets(of: orders.count + writes.count, options, &random).map { subset in
      var survivors = Survivors(content: .writes([]))
      var chosen: [Int: Set<Int>] = [:]
      for index in subset {
        if index < orders.count {
          survivors.names.insert(orders[index])
        } else {
          let (node, write) = writes[index - orders.count]
          chosen[node, default: []].insert(write)
        }
      }
      survivors.files = chosen.mapValues { .writes($0) }
      return image(survivors)
    }
  }

  private func removalImages(_ options: CrashOptions, _ random: inout SeededRandom) -> [SimulatedDisk] {
    let removals = folders.values.flatMap(\.changes).compactMap { change in
      if case .remove = change.change { change.order } else { nil }
    }.sorted()
    guard !removals.isEmpty else { return [] }
    let all = allChanges
    return subsets(of: removals.count, options, &random).flatMap { subset in
      let chosen = Set(subset.map { removals[$0] })
      return [
        image(Survivors(names: chosen, content: .durable)),
        image(Survivors(names: all.subtracting(chosen), content: .all)),
      ]
    }
  }

  private func tornImages(_ options: CrashOptions, _ random: inout SeededRandom) -> [SimulatedDisk] {
    let names = allChanges
    let pending = unsettledFiles.filter { (files[$0]?.writes.isEmpty ?? true) == false }
    var images: [SimulatedDisk] = []
    for node in pending {
      guard let file = files[node] else { continue }
      for bytes in tornContents(of: file, options, &random) {
        images.append(image(Survivors(names: names, content: .all, files: [node: .bytes(bytes)])))
      }
    }
    for _ in 0..<(pending.count > 1 ? 4 : 0) {
      var survivors = Survivors(names: names, content: .all)
      for node in pending {
        guard let file = files[node] else { continue }
        survivors.files[node] = tornContents(of: file, options, &random).randomElement(using: &random).map {
          .bytes($0)
        }
      }
      images.append(image(survivors))
    }
    return images
  }

  /// Contents of one file whose pending part was written in part.
  private func tornContents(of file: File, _ options: CrashOptions, _ random: inout SeededRandom) -> [[UInt8]] {
    let all = file.content(upTo: file.bytes.count)
    let boundaries = stride(from: 0, to: all.count, by: options.sectorSize).filter { $0 > file.durableCount }
    var cuts = Set(boundaries.shuffled(using: &random).prefix(options.randomSubsets))
    cuts.insert(all.count - 1)
    let lastWrite = file.writes.dropLast().last ?? file.durableCount
    cuts.insert((lastWrite + all.count) / 2)
    var contents = cuts.sorted().filter { $0 >= file.durableCount }.map { Array(all[..<$0]) }

    let starts = [file.durableCount] + boundaries
    let sectors = starts.indices.map { starts[$0]..<($0 + 1 < starts.count ? starts[$0 + 1] : all.count) }
    func torn(_ damage: (Int) -> Damage) -> [UInt8] {
      var bytes = all
      for (index, sector) in sectors.enumerated() {
        damage(index).apply(to: &bytes, sector, &random)
      }
      return bytes
    }
    contents.append(torn { _ in .zero })
    contents.append(torn { _ in .garbage })
    for index in sectors.indices.shuffled(using: &random).prefix(options.randomSubsets / 2) {
      contents.append(torn { $0 == index ? .zero : .none })
      contents.append(torn { $0 == index ? .garbage : .none })
    }
    if sectors.count > 1 {
      for _ in 0..<4 {
        let damages = sectors.map { _ in Damage.allCases.randomElement(using: &random) ?? .none }
        contents.append(torn { damages[$0] })
      }
    }
    return contents
  }

  private enum Damage: CaseIterable {
    case none, zero, garbage

    func apply(to bytes: inout [UInt8], _ sector: Range<Int>, _ random: inout SeededRandom) {
      switch self {
      case .none: break
      case .zero: bytes.replaceSubrange(sector, with: repeatElement(0, count: sector.count))
      case .garbage: for index in sector { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
      }
    }
  }

  /// Subsets of 0..<count: all of them, or single ones, all but one, and random ones.
  private func subsets(of count: Int, _ options: CrashOptions, _ random: inout SeededRandom) -> [[Int]] {
    if count <= options.exhaustiveLimit {
      return (0..<(1 << count)).map { mask in (0..<count).filter { mask & (1 << $0) != 0 } }
    }
    let all = Array(0..<count)
    var subsets = all.map { [$0] }
    subsets += all.map { missing in all.filter { $0 != missing } }
    for _ in 0..<options.randomSubsets { subsets.append(all.filter { _ in Bool.random(using: &random) }) }
    return subsets
  }
}

extension SimulatedDisk.File {
  fileprivate func bytes(surviving: SimulatedDisk.Survivors.Content) -> [UInt8] {
    var bytes = data(surviving: surviving)
    let end = if case .all = surviving { zerosEnd } else { durableZerosEnd }
    if end > bytes.count { bytes.append(contentsOf: repeatElement(0, count: end - bytes.count)) }
    return bytes
  }

  private func data(surviving: SimulatedDisk.Survivors.Content) -> [UInt8] {
    switch surviving {
    case .durable: return content(upTo: durableCount)
    case .all: return content(upTo: bytes.count)
    case .bytes(let bytes): return bytes
    case .writes(let chosen):
      guard let last = chosen.max() else { return content(upTo: durableCount) }
      var result = content(upTo: writes[last])
      for index in 0..<last where !chosen.contains(index) {
        let start = index == 0 ? durableCount : writes[index - 1]
        result.replaceSubrange(start..<writes[index], with: repeatElement(0, count: writes[index] - start))
      }
      return result
    }
  }
}
