@testable import SofaDB

/// How far the records of a log reach in its file, found by the format alone: headers, lengths, checksums and, in a
/// recycled log, the log's own number.
struct LogExtent {
  private(set) var isRecycled = false
  /// Behind the last whole physical record.
  private(set) var end = 0
  /// Places behind logical records, 0 included: what a log that was cut there has lost cannot be told.
  private(set) var boundaries: Set<Int> = [0]
  /// Ends of blocks that are too short for a header.
  private(set) var padding: [Range<Int>] = []

  init(_ content: [UInt8], number: UInt64) {
    var offset = 0
    while offset + 7 <= content.count {
      let left = LogFormat.blockSize - offset % LogFormat.blockSize
      if left < 7 || (isRecycled && left < 11 && content[offset..<(offset + left)].allSatisfy { $0 == 0 }) {
        padding.append(offset..<(offset + left))
        offset += left
        boundaries.insert(offset)
        continue
      }
      let type = content[offset + 6]
      let isRecyclable = LogFormat.isRecyclable(type)
      let header = isRecyclable ? 11 : 7
      let length = Int(content[offset + 4]) | Int(content[offset + 5]) << 8
      guard type != 0, header + length <= left, offset + header + length <= content.count else { return }
      let stored = (0..<4).reduce(UInt32(0)) { $0 | UInt32(content[offset + $1]) << UInt32(8 * $1) }
      let computed = content[(offset + 6)..<(offset + header + length)].withUnsafeBytes { CRC32C.checksum($0) }
      guard CRC32C.mask(computed) == stored else { return }
      let name = (0..<4).reduce(UInt32(0)) {
        $0 | (isRecyclable ? UInt32(content[offset + 7 + $1]) : 0) << UInt32(8 * $1)
      }
      guard !isRecyclable || name == UInt32(truncatingIfNeeded: number) else { return }
      isRecycled = isRecycled || isRecyclable
      offset += header + length
      end = offset
      let isOpen = [2, 3, 6, 7].contains(type)
      if !isOpen { boundaries.insert(offset) }
    }
  }
}
