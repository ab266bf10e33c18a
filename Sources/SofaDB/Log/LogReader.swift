/// Reads the logical records of a WAL or MANIFEST in order, with bounded memory, and reports everything else in the
/// file as events. Never loops on damage, never joins fragments over a gap, and never takes a read error for the end:
/// those are thrown, and a later call tries the same place again.
///
/// For one thread at a time.
public final class LogReader {
  /// One whole record.
  public struct Record {
    /// Decompressed; borrowed until the next call of `next`.
    public let bytes: UnsafeRawBufferPointer
    /// File offset of the first fragment's header.
    public let offset: UInt64
    /// File offset after the last fragment.
    public let end: UInt64
  }

  public enum Item {
    case record(Record)
    case event(LogEvent)
  }

  /// What the log says about the one before it (RocksDB `track_and_verify_wals`).
  public struct Predecessor: Sendable, Equatable {
    public let number: UInt64
    /// Bytes.
    public let size: UInt64
    public let lastSequence: SequenceNumber
  }

  public let file: any RandomAccessFile
  public let mode: RecoveryMode
  /// Bytes of one record that are kept in memory at most, compressed and decompressed.
  public let residentLimit: Int

  /// The compression of the records that follow, once its record was read; raw number of the format.
  public private(set) var compression: UInt32?
  /// Timestamp bytes of the column families that have any, as far as declared yet.
  public private(set) var timestampSizes: [UInt32: Int] = [:]
  public private(set) var predecessor: Predecessor?
  /// Whether the file was read to its end and held nothing but records: only then may a writer continue it.
  public var isClean: Bool { isEnded && !hadEvent }
  /// Whether records of the recyclable kinds were seen.
  public var isRecycled: Bool { fragments.isRecycled }

  private var fragments: LogFragments
  private let plainOnly: Bool
  private var isEnded = false
  private var hadEvent = false
  /// The record that an event came before.
  private var queued: Record?
  /// Fragments of the record being assembled, in order; meaningful while `pendingStart` is set.
  private var pending = ByteWriter(capacity: 16)
  private var pendingStart: UInt64?
  /// Length of the record so far, also of what is no longer kept because it is too long.
  private var pendingLength: UInt64 = 0
  private var inflated = ByteWriter(capacity: 16)
  private var decompressor: Decompressor?

  /// `number` is the log's own file number, which recyclable records repeat. `plainOnly` is for MANIFEST files and
  /// LevelDB's logs, which know four types only.
  public init(
    file: any RandomAccessFile, number: UInt64, mode: RecoveryMode = .pointInTime, plainOnly: Bool = false,
    residentLimit: Int = 256 << 20
  ) {
    self.file = file
    self.mode = mode
    self.plainOnly = plainOnly
    self.residentLimit = residentLimit
    fragments = LogFragments(file: file, number: number, plainOnly: plainOnly)
    file.adviseSequential()
  }

  /// The next record or event; nil at the end. Throws what reading the file throws.
  public func next() throws(DatabaseError) -> Item? {
    if let record = queued {
      queued = nil
      return .record(record)
    }
    while !isEnded {
      let step = try fragments.next()
      guard let item = take(step) else { continue }
      if case .event = item { hadEvent = true }
      return item
    }
    return nil
  }

  private func take(_ step: LogFragments.Step) -> Item? {
    switch step.kind {
    case .record: return takeRecord(step)
    case .endOfFile:
      isEnded = true
      guard let start = pendingStart else { return nil }
      pendingStart = nil
      return .event(
        LogEvent(
          .truncatedRecord, offset: start, length: step.end - start, isReported: mode.reportsTornTail, endsLog: true))
    case .truncatedHeader:
      return event(.truncatedHeader, step, isReported: mode.reportsTornTail, ends: true)
    case .badLength(let atEnd):
      let hides = atEnd && !isRecycled && fragments.hidesRecord(from: step.offset)
      if atEnd { return event(.badLength, step, isReported: mode.reportsTornTail, ends: true, hides: hides) }
      return damaged(.badLength, step)
    case .checksumMismatch(let stored, let computed):
      return damaged(.checksumMismatch(stored: stored, computed: computed), step)
    case .oldRecord(let intact): return oldRecord(step, intact: intact)
    case .zeroPadding: return event(.zeroPadding, step, isReported: pendingStart != nil)
    case .zeroHeader:
      let hides = plainOnly && fragments.hidesRecord(from: step.offset)
      return event(.zeroHeader, step, isReported: pendingStart != nil, hides: hides)
    case .mixedTypes: return event(.mixedTypes, step, isReported: true)
    case .trailerNotZero:
      return .event(
        LogEvent(.trailerNotZero, offset: step.offset, length: step.end - step.offset, isReported: false))
    }
  }

  /// In a recycled file damage may be where the new records end and the old ones begin.
  private func damaged(_ cause: LogEvent.Cause, _ step: LogFragments.Step) -> Item {
    let mayBeEnd = isRecycled && mode == .tolerateCorruptedTail
    return event(cause, step, isReported: !mayBeEnd, ends: mayBeEnd)
  }

  /// Where a recycled log ends. One that was recycled and not written to yet begins with a whole old record, and stops
  /// nothing; a damaged record may look like an old one, but not like a whole one.
  private func oldRecord(_ step: LogFragments.Step, intact: Bool) -> Item {
    let isUnused = intact && !fragments.hasRecord && pendingStart == nil
    var event = makeEvent(
      .oldRecord(intact: intact), step, isReported: pendingStart != nil && mode != .tolerateCorruptedTail,
      ends: mode != .skipAnyCorrupted)
    if mode == .pointInTime, !isUnused { event.stopsReplay = true }
    return .event(event)
  }

  /// An event that drops the record being assembled, if any.
  private func event(
    _ cause: LogEvent.Cause, _ step: LogFragments.Step, isReported: Bool, ends: Bool = false, hides: Bool = false
  ) -> Item {
    .event(makeEvent(cause, step, isReported: isReported, ends: ends, hides: hides))
  }

  private func makeEvent(
    _ cause: LogEvent.Cause, _ step: LogFragments.Step, isReported: Bool, ends: Bool, hides: Bool = false
  ) -> LogEvent {
    let lost = pendingStart
    pendingStart = nil
    if ends { isEnded = true }
    var event = LogEvent(
      cause, offset: step.offset, length: step.end - step.offset, isReported: isReported, endsLog: ends,
      lostRecord: lost, hidesRecord: hides)
    if isRecycled {
      let judgement = fragments.judgeEnd(at: step.offset)
      (event.hidesRecord, event.beginsRecord) = (judgement.isDamage, judgement.beginsRecord)
    }
    return event
  }

  private func takeRecord(_ step: LogFragments.Step) -> Item? {
    var type = step.type
    if !plainOnly, (5...8).contains(type) { type -= LogFormat.recyclableOffset }
    switch type {
    case LogFormat.full:
      // Old writers left an empty first fragment at the end of a block.
      let broken = abandonPending()
      let item = finish(step.payload, offset: step.offset, end: step.end)
      guard let broken else { return item }
      if case .record(let record) = item { queued = record }
      return broken
    case LogFormat.first:
      let broken = abandonPending()
      pendingStart = step.offset
      pendingLength = 0
      if !Mutant.fragmentsGlued.isOn { pending.removeAll() }
      extend(step.payload)
      return broken
    case LogFormat.middle:
      guard pendingStart != nil else { return event(.missingStart, step, isReported: true) }
      extend(step.payload)
      return nil
    case LogFormat.last:
      guard let start = pendingStart else { return event(.missingStart, step, isReported: true) }
      extend(step.payload)
      pendingStart = nil
      if pendingLength > UInt64(residentLimit) {
        return .event(LogEvent(.recordTooLarge, offset: start, length: pendingLength, isReported: true))
      }
      return finish(pending.bytes, offset: start, end: step.end)
    default: return takeSpecial(step)
    }
  }

  private func extend(_ payload: UnsafeRawBufferPointer) {
    pendingLength += UInt64(payload.count)
    if pendingLength > UInt64(residentLimit) {
      pending.removeAll()
    } else {
      pending.append(payload)
    }
  }

  /// Drops a record whose end did not come; nil when nothing of it was there.
  private func abandonPending() -> Item? {
    guard let start = pendingStart else { return nil }
    pendingStart = nil
    guard pendingLength > 0 else { return nil }
    return .event(LogEvent(.missingEnd, offset: start, length: pendingLength, isReported: true))
  }

  private func finish(_ stored: UnsafeRawBufferPointer, offset: UInt64, end: UInt64) -> Item {
    fragments.hasRecord = true
    guard compression == LogFormat.zstd, !stored.isEmpty else {
      return .record(Record(bytes: stored, offset: offset, end: end))
    }
    let codec = decompressor ?? Decompressor()
    decompressor = codec
    do throws(FormatError) {
      inflated.removeAll()
      try codec.decompressFrame(stored, limit: residentLimit, into: &inflated)
      return .record(Record(bytes: inflated.bytes, offset: offset, end: end))
    } catch {
      return .event(LogEvent(.undecodableFrame, offset: offset, length: end - offset, isReported: true))
    }
  }

  private func takeSpecial(_ step: LogFragments.Step) -> Item? {
    if !plainOnly {
      switch step.type {
      case LogFormat.setCompression: return takeCompression(step)
      case LogFormat.timestampSizes, LogFormat.recyclableTimestampSizes:
        return takeTimestampSizes(step) ? abandonPending() : badSpecial(step)
      case LogFormat.predecessor, LogFormat.recyclablePredecessor:
        return takePredecessor(step) ? abandonPending() : badSpecial(step)
      default: break
      }
    }
    guard step.type & LogFormat.ignorableBit != 0 else {
      return event(.unknownType(step.type), step, isReported: true)
    }
    return event(.ignoredType(step.type), step, isReported: pendingStart != nil)
  }

  private func badSpecial(_ step: LogFragments.Step) -> Item {
    event(.badSpecialRecord(step.type), step, isReported: true)
  }

  /// Must come first and once; what names another codec than zstd leaves nothing to read.
  private func takeCompression(_ step: LogFragments.Step) -> Item? {
    var reader = ByteReader(step.payload)
    guard compression == nil, !fragments.hasRecord, pendingStart == nil,
      let type = fixed32(&reader), reader.isAtEnd
    else { return badSpecial(step) }
    compression = type
    guard type == LogFormat.zstd || type == 0 else {
      return event(.unsupportedCompression(type), step, isReported: true, ends: true)
    }
    return nil
  }

  private func fixed32(_ reader: inout ByteReader) -> UInt32? {
    do throws(FormatError) { return try reader.fixed32() } catch { return nil }
  }

  private func takeTimestampSizes(_ step: LogFragments.Step) -> Bool {
    var reader = ByteReader(step.payload)
    do throws(FormatError) {
      while !reader.isAtEnd {
        let family = try reader.fixed32()
        let bytes = Int(try reader.fixed16())
        guard timestampSizes.updateValue(bytes, forKey: family) == nil else { return false }
      }
      return true
    } catch {
      return false
    }
  }

  private func takePredecessor(_ step: LogFragments.Step) -> Bool {
    var reader = ByteReader(step.payload)
    do throws(FormatError) {
      let number = try reader.fixed64()
      let size = try reader.fixed64()
      let sequence = try reader.fixed64()
      guard reader.isAtEnd else { return false }
      predecessor = Predecessor(number: number, size: size, lastSequence: sequence)
      return true
    } catch {
      return false
    }
  }
}
