/// Appends records to a WAL or MANIFEST, fragmented over 32 KiB blocks.
///
/// After an error nothing more may follow what was perhaps half written: every later call throws that first error.
/// For one thread at a time; durability is the caller's `sync`.
public final class LogWriter {
  public let file: any AppendFile
  /// Bytes of the file, those before `continuingAt` included.
  public private(set) var size: UInt64
  /// The log's file number when its records carry it, so that the file can be reused later.
  private let recyclableNumber: UInt64?
  private var blockOffset: Int
  private var failure: DatabaseError?
  /// Behind a pointer, which nobody else has: the checks that a stored property gets cost as much as the copying.
  private let buffer: UnsafeMutablePointer<ByteWriter>

  /// Bytes that are gathered before they are handed to the file within one record.
  private static let gather = 8 * LogFormat.blockSize

  /// `offset` is the file's length when an existing log is continued; that is right only behind a log whose reader
  /// ended `isClean`.
  public init(file: any AppendFile, continuingAt offset: UInt64 = 0, recyclableNumber: UInt64? = nil) {
    self.file = file
    self.recyclableNumber = recyclableNumber
    size = offset
    buffer = .allocate(capacity: 1)
    buffer.initialize(to: ByteWriter(capacity: 4096))
    blockOffset = Int(offset % UInt64(LogFormat.blockSize))
  }

  deinit {
    buffer.deinitialize(count: 1)
    buffer.deallocate()
  }

  public func append(_ record: UnsafeRawBufferPointer) throws(DatabaseError) {
    if let failure { throw failure }
    buffer.pointee.removeAll()
    let header = recyclableNumber == nil ? LogFormat.headerSize : LogFormat.recyclableHeaderSize
    var written = 0
    var hasStarted = false
    repeat {
      var left = LogFormat.blockSize - blockOffset
      if left < header {
        buffer.pointee.appendZeros(left)
        blockOffset = 0
        left = LogFormat.blockSize
      }
      let length = min(left - header, record.count - written)
      let isLast = written + length == record.count
      let type =
        !hasStarted
        ? (isLast ? LogFormat.full : LogFormat.first) : (isLast ? LogFormat.last : LogFormat.middle)
      appendFragment(type, UnsafeRawBufferPointer(rebasing: record[written..<(written + length)]))
      written += length
      hasStarted = !isLast
      if buffer.pointee.count >= LogWriter.gather { try flush() }
    } while hasStarted
    try flush()
  }

  public func append(_ record: [UInt8]) throws(DatabaseError) {
    try record.withUnsafeBufferPointer { (bytes) throws(DatabaseError) in
      try append(UnsafeRawBufferPointer(bytes))
    }
  }

  public func sync() throws(DatabaseError) {
    if let failure { throw failure }
    do throws(DatabaseError) {
      try file.sync()
    } catch {
      failure = error
      throw error
    }
  }

  private func flush() throws(DatabaseError) {
    do throws(DatabaseError) {
      try file.append(buffer.pointee.bytes)
      size += UInt64(buffer.pointee.count)
      buffer.pointee.removeAll()
    } catch {
      if !Mutant.logGoesOnAfterAnError.isOn { failure = error }
      throw error
    }
  }

  private func appendFragment(_ plainType: UInt8, _ payload: UnsafeRawBufferPointer) {
    let header = recyclableNumber == nil ? LogFormat.headerSize : LogFormat.recyclableHeaderSize
    let length = header + payload.count
    let place = buffer.pointee.reserve(length)
    place.storeBytes(of: UInt16(payload.count).littleEndian, toByteOffset: 4, as: UInt16.self)
    if let recyclableNumber {
      place.storeBytes(of: plainType + LogFormat.recyclableOffset, toByteOffset: 6, as: UInt8.self)
      place.storeBytes(of: UInt32(truncatingIfNeeded: recyclableNumber).littleEndian, toByteOffset: 7, as: UInt32.self)
    } else {
      place.storeBytes(of: plainType, toByteOffset: 6, as: UInt8.self)
    }
    if let source = payload.baseAddress { (place + header).copyMemory(from: source, byteCount: payload.count) }
    let checksum = CRC32C.mask(CRC32C.checksum(UnsafeRawBufferPointer(start: place + 6, count: length - 6)))
    place.storeBytes(of: checksum.littleEndian, as: UInt32.self)
    buffer.pointee.commit(length)
    blockOffset += length
  }
}
