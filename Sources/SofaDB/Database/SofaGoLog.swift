/// The log of the Go SofaDB, and the state that it leads to:
///
///     record*   int32 key length, int32 value length or -1 for a deletion, key, value
///
/// Later records win. Keys are kept in memory, values stay in the file.
final class SofaGoLog {
  private struct State {
    var offset: UInt64
    /// nil for a deletion.
    var length: Int?
  }

  /// Bytes of keys that are kept at most; the Go engine's memtable is flushed at 4 MiB.
  private static let memoryLimit = 256 << 20

  let name: String
  private(set) var damage: SofaGoDamage?
  private let window: SofaGoWindow
  private var entries: [(key: [UInt8], state: State)] = []
  private var position = 0

  init(_ file: any RandomAccessFile, as name: String) throws(DatabaseError) {
    self.name = name
    window = SofaGoWindow(file)
    file.adviseSequential()
    var states: [[UInt8]: State] = [:]
    var memory = 0
    var offset: UInt64 = 0
    while let record = try parse(at: offset) {
      let state = State(
        offset: offset + 8 + UInt64(record.key.count), length: record.length < 0 ? nil : Int(record.length))
      memory += record.key.count + 64
      guard memory <= SofaGoLog.memoryLimit else {
        throw DatabaseError(.unsupported, file: name, offset: offset, "the log holds more keys than fit in memory")
      }
      states[[UInt8](record.key)] = state
      offset = state.offset + UInt64(max(record.length, 0))
    }
    entries = states.map { (key: $0.key, state: $0.value) }
    entries.sort { $0.key.lexicographicallyPrecedes($1.key) }
  }

  /// The record at `offset`; nil at the end and where the log is cut off or cannot be right.
  private func parse(
    at offset: UInt64
  ) throws(DatabaseError) -> (key: UnsafeRawBufferPointer, length: Int32)? {
    let remaining = window.file.size - offset
    guard remaining > 0 else { return nil }
    guard remaining >= 8 else { return end(at: offset, "the log ends inside a record header", isTorn: true) }
    let header = try window.bytes(8, at: offset)
    let keyLength = Int32(littleEndian: header.loadUnaligned(as: Int32.self))
    let valueLength = Int32(littleEndian: header.loadUnaligned(fromByteOffset: 4, as: Int32.self))
    guard keyLength >= 0, valueLength >= -1 else {
      return end(at: offset, "record length out of range", isTorn: false)
    }
    guard UInt64(keyLength) + UInt64(max(valueLength, 0)) <= remaining - 8 else {
      return end(at: offset, "the log ends inside a record", isTorn: true)
    }
    guard keyLength <= SofaGoLog.memoryLimit else { return end(at: offset, "key too long", isTorn: false) }
    return (try window.bytes(Int(keyLength), at: offset + 8), valueLength)
  }

  private func end(
    at offset: UInt64, _ reason: String, isTorn: Bool
  ) -> (key: UnsafeRawBufferPointer, length: Int32)? {
    damage = SofaGoDamage(
      file: name, offset: offset, length: window.file.size - offset, reason, isTornTail: isTorn)
    return nil
  }

  var isValid: Bool { position < entries.count }
  var isDeletion: Bool { entries[position].state.length == nil }
  func advance() { position += 1 }
  var key: [UInt8] { entries[position].key }

  /// Of the current entry, empty for a deletion; borrowed until the next call.
  func value() throws(DatabaseError) -> UnsafeRawBufferPointer {
    let state = entries[position].state
    guard let length = state.length else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return try window.bytes(length, at: state.offset)
  }
}
