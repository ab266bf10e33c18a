/// One pass over a table of the Go SofaDB:
///
///     entry*         int32 key length, key, int32 value length, value; ascending and unique
///     index entry*   int32 key length, key, int64 offset of entry 0, 100, 200, ...
///     int64          offset of the first index entry
///
/// Where an entry cannot be right the pass goes on at the next place that the index names.
final class SofaGoTable {
  private static let largestKey: Int32 = 1 << 20
  private static let largestValue: Int32 = 16 << 20
  /// Entries from one index entry to the next.
  private static let stride = 100

  let name: String
  /// Whether there is a current entry; false before the first `advance` and after the end.
  private(set) var isValid = false
  private(set) var damages: [SofaGoDamage] = []

  private let window: SofaGoWindow
  private let index: SofaGoWindow
  private let dataEnd: UInt64
  private let indexEnd: UInt64
  private var next: UInt64 = 0
  private var indexNext: UInt64
  /// Of the entry that comes next.
  private var number = 0
  private var previousKey = ByteWriter(capacity: 64)
  private var hasPrevious = false
  /// The current entry, and how much of it is the key.
  private var entry: UInt64 = 0
  private var keyLength = 0
  private var valueLength = 0

  init(_ file: any RandomAccessFile, as name: String) throws(DatabaseError) {
    self.name = name
    window = SofaGoWindow(file)
    index = SofaGoWindow(file)
    let size = file.size
    indexEnd = size - min(size, 8)
    var start: UInt64 = 0
    if size >= 8 { start = UInt64(littleEndian: try window.bytes(8, at: indexEnd).loadUnaligned(as: UInt64.self)) }
    let isEmpty = start == 0 && size == 8
    if size >= 8, start <= indexEnd, start > 0 || isEmpty {
      dataEnd = start
      indexNext = start
    } else {
      // Without its index a table can still be read from the front.
      dataEnd = size
      indexNext = indexEnd
      damages.append(SofaGoDamage(file: name, offset: indexEnd, length: size - indexEnd, "the table has no index"))
    }
    file.adviseSequential()
  }

  /// Of the current entry; borrowed until the next call of anything.
  func key() throws(DatabaseError) -> UnsafeRawBufferPointer {
    let bytes = try window.bytes(8 + keyLength + valueLength, at: entry)
    return UnsafeRawBufferPointer(rebasing: bytes[4..<(4 + keyLength)])
  }

  /// Of the current entry; borrowed likewise.
  func value() throws(DatabaseError) -> UnsafeRawBufferPointer {
    let bytes = try window.bytes(8 + keyLength + valueLength, at: entry)
    return UnsafeRawBufferPointer(rebasing: bytes[(8 + keyLength)...])
  }

  var isValueEmpty: Bool { valueLength == 0 }

  /// Steps to the next entry that can be right.
  func advance() throws(DatabaseError) {
    if isValid {
      previousKey.removeAll()
      previousKey.append(try key())
      hasPrevious = true
    }
    isValid = false
    while next < dataEnd {
      if let reason = try parse() {
        try resume(after: next, because: reason)
        continue
      }
      if number % SofaGoTable.stride == 0 { try compareWithIndex() }
      number += 1
      next = entry + UInt64(8 + keyLength + valueLength)
      isValid = true
      return
    }
    guard damages.isEmpty, indexNext < indexEnd else { return }
    damages.append(
      SofaGoDamage(file: name, offset: indexNext, length: 0, "the index names entries that are not there"))
  }

  /// Makes the entry at `next` the current one; what is wrong with it otherwise.
  private func parse() throws(DatabaseError) -> String? {
    guard dataEnd - next >= 8 else { return "the table ends inside an entry" }
    let length = Int32(littleEndian: try window.bytes(4, at: next).loadUnaligned(as: Int32.self))
    guard (0...SofaGoTable.largestKey).contains(length) else { return "key length out of range" }
    guard UInt64(length) + 8 <= dataEnd - next else { return "key longer than what remains" }
    let place = next + 4 + UInt64(length)
    let valueCount = Int32(littleEndian: try window.bytes(4, at: place).loadUnaligned(as: Int32.self))
    guard (0...SofaGoTable.largestValue).contains(valueCount) else { return "value length out of range" }
    guard UInt64(valueCount) <= dataEnd - place - 4 else { return "value longer than what remains" }
    entry = next
    keyLength = Int(length)
    valueLength = Int(valueCount)
    if hasPrevious, KeyOrder.bytewise(previousKey.bytes, try key()) >= 0 { return "keys are not in order" }
    return nil
  }

  /// One index entry, and steps behind it; nil at the end or where the index cannot be right.
  private func nextIndexEntry() throws(DatabaseError) -> (key: UnsafeRawBufferPointer, offset: UInt64)? {
    guard indexEnd - indexNext >= 12 else { return nil }
    let length = Int32(littleEndian: try index.bytes(4, at: indexNext).loadUnaligned(as: Int32.self))
    guard (0...SofaGoTable.largestKey).contains(length), UInt64(length) + 12 <= indexEnd - indexNext else {
      indexNext = indexEnd
      return nil
    }
    let bytes = try index.bytes(Int(length) + 12, at: indexNext)
    indexNext += UInt64(bytes.count)
    let offset = (bytes.baseAddress! + (bytes.count - 8)).loadUnaligned(as: UInt64.self)
    return (UnsafeRawBufferPointer(rebasing: bytes[4..<(bytes.count - 8)]), UInt64(littleEndian: offset))
  }

  private func compareWithIndex() throws(DatabaseError) {
    guard damages.isEmpty || indexNext < indexEnd else { return }
    let place = indexNext
    if let found = try nextIndexEntry(), found.offset == entry, KeyOrder.bytewise(found.key, try key()) == 0 { return }
    // An index that is wrong once names no place to go on from.
    indexNext = indexEnd
    damages.append(SofaGoDamage(file: name, offset: place, length: 0, "the index does not match its entries"))
  }

  /// Goes on at the next place that the index names, or ends the pass.
  private func resume(after place: UInt64, because reason: String) throws(DatabaseError) {
    var ordinal = (number + SofaGoTable.stride - 1) / SofaGoTable.stride * SofaGoTable.stride
    var target = dataEnd
    while let found = try nextIndexEntry() {
      if found.offset > place, found.offset < dataEnd {
        target = found.offset
        // The entry there is checked against this index entry already.
        indexNext -= UInt64(found.key.count + 12)
        break
      }
      ordinal += SofaGoTable.stride
    }
    damages.append(SofaGoDamage(file: name, offset: place, length: target - place, reason))
    next = target
    number = ordinal
  }
}
