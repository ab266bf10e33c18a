import SofaTesting
import Testing

@testable import SofaDB

/// One table converted in memory, and what must be true of the result.
struct Transcoding {
  let source: MemoryFile
  let result: MemoryFile
  let table: TranscodedTable

  /// `assistants`: threads that help.
  init(_ source: MemoryFile, to target: TranscodeTarget, largestSequence: SequenceNumber? = nil, assistants: Int = 0)
    throws
  {
    self.source = source
    let result = MemoryFile(name: source.name)
    let reader = try TableTranscoder.open(source, largestSequence: largestSequence)
    let transcoder = try TableTranscoder(reader, to: target)
    let pool = BlockPool()
    let helpers = WorkerGroup(assistants) { _ in pool.assist(with: BlockTools()) }
    defer {
      pool.end()
      helpers.join()
    }
    while pool.assistants < helpers.count {}
    let tools = BlockTools()
    table = try transcoder.write(to: result, on: pool, with: tools) { _ in }
    try TableTranscoder.prove(table, in: result, on: pool, with: tools) { _ in }
    self.result = result
  }

  /// Same entries, same bounds of blocks, every key found through index and filter, every block of the codec or raw.
  func check(
    old: TableReader, new: TableReader, target: TranscodeTarget, _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try TableFixtureTests.scan(old)
    let after = try TableFixtureTests.scan(new)
    #expect(
      before.map(\.key) == after.map(\.key) && before.map(\.value) == after.map(\.value), "\(name)",
      sourceLocation: sourceLocation)
    #expect(old.rangeDeletions == new.rangeDeletions, "\(name)", sourceLocation: sourceLocation)
    #expect(table.fileSize == result.size, "\(name)", sourceLocation: sourceLocation)
    var cursor = new.cursor()
    var probe = try new.filter().map { FilterProbe($0) }
    for entry in after {
      let key = ByteBuffer(entry.key)
      let isFound = try cursor.find(key.bytes)
      #expect(isFound && [UInt8](cursor.value) == entry.value, "\(name)", sourceLocation: sourceLocation)
      let user = UnsafeRawBufferPointer(rebasing: key.bytes.dropLast(8))
      let mayContain = try probe?.mayContain(user, blockOffset: entry.block.offset) ?? true
      #expect(try mayContain && new.mayContain(user), "\(name)", sourceLocation: sourceLocation)
    }
    var index = new.dataBlocks()
    try index.seekToFirst()
    while index.isValid {
      let type = try new.file.readStored(index.handle, kind: .data).trailer.compressionByte
      #expect(type == 0 || type == target.codec.rawValue || new.isLevelDB && type == 2, "\(name)")
      try index.next()
    }
    #expect(
      try TableTranscoder(new, to: target).isDone() || target.level != nil && new.isLevelDB, "\(name): done",
      sourceLocation: sourceLocation)
  }

  /// What verify says of the result but not of the source.
  func newFindings() throws -> [String] {
    func findings(_ file: MemoryFile) throws -> [Finding] {
      let collected = Monitor<[Finding]>([])
      let directory = MemoryDirectory([file.name: file.content])
      _ = try Verify(tables: [file.name], in: directory, level: .full, jobs: 1).run { finding in
        collected.change { $0.append(finding) }
      }
      return collected.change { $0 }
    }
    let known = Set(try findings(source).map(\.code))
    return try findings(result).filter { !known.contains($0.code) }.map(\.line)
  }
}
