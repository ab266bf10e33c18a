import SofaTesting
import Testing

@testable import SofaDB

/// Flipped bits and cuts of every file of the Go engine's directories. Their formats have no checksums, so no byte is
/// protected: a flip may go unnoticed where lengths, order and the sparse index still fit together. Then the content is
/// what the bytes say.
@Suite struct SofaGoDamageTests {
  private struct Seen: Equatable {
    var entries: [[[UInt8]]] = []
    var damages: [SofaGoDamage] = []
  }

  private static func read(_ directory: MemoryDirectory) throws -> Seen {
    let cursor = try SofaGoDirectory(directory).cursor()
    var seen = Seen()
    while try cursor.next() { seen.entries.append([cursor.key, [UInt8](cursor.value)]) }
    seen.damages = cursor.damages
    return seen
  }

  private static func directory(_ name: String) throws -> MemoryDirectory {
    try MemoryDirectory(copying: PosixFileSystem().readableDirectory(at: FixtureDatabase(name).path))
  }

  /// Ascending, and no more than the file could hold.
  private static func check(_ seen: Seen, _ whole: Seen, _ name: String) -> String? {
    for (one, two) in zip(seen.entries, seen.entries.dropFirst())
    where !one[0].lexicographicallyPrecedes(two[0]) { return "out of order" }
    if seen.entries.count > 2 * whole.entries.count { return "\(seen.entries.count) entries" }
    if let damage = seen.damages.first(where: { $0.file != name && !whole.damages.contains($0) }) {
      return "blames \(damage.file)"
    }
    return nil
  }

  @Test(arguments: SofaGoTests.fixtures) func everyBit(name: String) throws {
    let directory = try SofaGoDamageTests.directory(name)
    let whole = try SofaGoDamageTests.read(directory)
    var failures: [String] = []
    for (name, file) in directory.files.sorted(by: { $0.key < $1.key }) {
      let bits = file.content.count * 8
      #if DEBUG
        let step = DirectoryDamageTests.step(bits, 400)
      #else
        let step = DirectoryDamageTests.step(bits, 8000)
      #endif
      for bit in stride(from: 0, to: bits, by: step) {
        file.content[bit >> 3] ^= 1 << UInt8(bit & 7)
        defer { file.content[bit >> 3] ^= 1 << UInt8(bit & 7) }
        let seen = try SofaGoDamageTests.read(directory)
        if let failure = SofaGoDamageTests.check(seen, whole, name) {
          failures.append("\(name), bit \(bit): \(failure)")
        }
        guard seen.damages == whole.damages, seen.entries != whole.entries else { continue }
        if SofaGoDamageTests.stated(directory) != seen.entries {
          failures.append("\(name), bit \(bit): other content in silence")
        }
      }
    }
    guard !failures.isEmpty else { return }
    Issue.record("\(name): \(failures.count)\n\(failures.prefix(30).joined(separator: "\n"))")
  }

  @Test(arguments: SofaGoTests.fixtures) func everyLength(name: String) throws {
    let directory = try SofaGoDamageTests.directory(name)
    let whole = try SofaGoDamageTests.read(directory)
    var failures: [String] = []
    for (name, file) in directory.files.sorted(by: { $0.key < $1.key }) {
      let content = file.content
      defer { file.content = content }
      let ends = SofaGoDamageTests.recordEnds(content)
      for length in 0..<content.count {
        file.content = Array(content[..<length])
        let seen = try SofaGoDamageTests.read(directory)
        if let failure = SofaGoDamageTests.check(seen, whole, name) {
          failures.append("\(name), \(length): \(failure)")
        }
        let mayEnd = name == SofaGoDirectory.logName && ends.contains(length)
        if !mayEnd, seen.damages.allSatisfy({ $0.file != name }) {
          failures.append("\(name), \(length) bytes: not told")
        }
      }
      guard name != SofaGoDirectory.logName else { continue }
      for length in [1, 7, 8, 9, 100, 5000] {
        for filler in [UInt8(0), 0xA5, 0xFF] {
          file.content = content + [UInt8](repeating: filler, count: length)
          let seen = try SofaGoDamageTests.read(directory)
          if seen.damages.allSatisfy({ $0.file != name }) {
            failures.append("\(name) and \(length) of \(filler): not told")
          }
        }
      }
    }
    guard !failures.isEmpty else { return }
    Issue.record("\(name): \(failures.count)\n\(failures.prefix(30).joined(separator: "\n"))")
  }

  private static func number(_ content: [UInt8], _ offset: Int) -> Int {
    Int(Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(content[offset + $1]) << UInt32(8 * $1) }))
  }

  /// What the bytes say by the format alone; nil where they contradict themselves.
  private static func stated(_ directory: MemoryDirectory) -> [[[UInt8]]]? {
    var state: [[UInt8]: [UInt8]] = [:]
    for (name, file) in directory.files.sorted(by: { $0.key < $1.key }) where name != SofaGoDirectory.logName {
      let content = file.content
      let end = number(content, content.count - 8)
      var offset = 0
      var last: [UInt8]?
      while offset < end {
        guard end - offset >= 8, case let count = number(content, offset), count >= 0, count <= end - offset - 8
        else { return nil }
        let key = Array(content[(offset + 4)..<(offset + 4 + count)])
        let start = offset + 8 + count
        let length = number(content, start - 4)
        guard length >= 0, length <= end - start else { return nil }
        if let last, !last.lexicographicallyPrecedes(key) { return nil }
        state[key] = Array(content[start..<(start + length)])
        last = key
        offset = start + length
      }
    }
    let log = directory.files[SofaGoDirectory.logName]?.content ?? []
    var offset = 0
    while offset + 8 <= log.count {
      let (count, length) = (number(log, offset), number(log, offset + 4))
      guard count >= 0, length >= -1, count + max(length, 0) <= log.count - offset - 8 else { break }
      let key = Array(log[(offset + 8)..<(offset + 8 + count)])
      offset += 8 + count + max(length, 0)
      state[key] = length < 0 ? nil : Array(log[(offset - length)..<offset])
    }
    return state.map { [$0.key, $0.value] }.sorted { $0[0].lexicographicallyPrecedes($1[0]) }
  }

  /// Places behind whole records of a log, by its format alone.
  private static func recordEnds(_ content: [UInt8]) -> Set<Int> {
    var ends: Set<Int> = [0]
    var offset = 0
    while offset + 8 <= content.count {
      offset += 8 + number(content, offset) + max(number(content, offset + 4), 0)
      ends.insert(offset)
    }
    return ends
  }
}
