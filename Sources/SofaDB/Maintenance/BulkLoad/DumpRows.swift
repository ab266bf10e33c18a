/// Reads the lines of an NDJSON dump back into the entries that they were made of; `EntryWriter` has the format.
///
/// Entries of a dump of versions get their own sequences. Others get 0, and the operands of a merge, oldest first, 1,
/// 2, ... above it.
struct DumpRows: RowSource, ~Copyable {
  /// The members of entries and records, in the order in which dumps have them.
  private enum Member: Int, CaseIterable {
    case record, cf, op, key, seq, timestamp, value, preferredSequence, operands, columns, end, entries, digest,
      complete

    var name: String { self == .preferredSequence ? "preferred_seq" : "\(self)" }
  }

  private let header: DumpHeader
  private let orders: [KeyOrder]
  private let closing: DumpClosing
  private let keepsSequences: Bool
  private let familyNames: [[UInt8]]
  private var lines = LinesOfText(UnsafeRawBufferPointer(start: nil, count: 0))
  private var members = ObjectMembers(names: Member.allCases.map(\.name))
  private(set) var text = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var family = 0
  private var kind = EntryKind.value
  private var sequence: SequenceNumber = 0
  private var keyBuffer = ByteWriter(capacity: 1024)
  private var valueBuffer = ByteWriter(capacity: 4096)
  private var scratch = ByteWriter(capacity: 1024)
  /// Operands of the merge of the last line that were not given out yet, the next one last.
  private var operands: [[UInt8]] = []

  /// `keepsSequences`: whether the entries may have sequences other than 0.
  init(header: DumpHeader, closing: DumpClosing, keepsSequences: Bool) {
    self.header = header
    self.keepsSequences = keepsSequences
    self.closing = closing
    orders = header.families.map { KeyOrder(name: $0.comparator) }
    familyNames = header.families.map { Array($0.name.utf8) }
  }

  var key: UnsafeRawBufferPointer { keyBuffer.bytes }
  var value: UnsafeRawBufferPointer { valueBuffer.bytes }

  func trailer(ordinal: UInt64) -> UInt64 { InternalKey.trailer(sequence, kind.rawValue) }

  func describe(_ fault: RowFault) -> String { "\(fault.reason)" }

  mutating func begin(_ piece: UnsafeRawBufferPointer, isMalformed: Bool) {
    lines = LinesOfText(piece)
    operands.removeAll()
  }

  mutating func next() throws(RowFault) -> RowStep {
    if let operand = operands.popLast() {
      valueBuffer.removeAll()
      valueBuffer.append(operand)
      kind = .merge
      sequence += 1
      return .extraRow
    }
    guard let line = lines.next() else { return .end }
    text = line
    if line.isEmpty { return .blank }
    do throws(RowFault) {
      try members.read(line)
      if field(.record).form != .missing {
        try readRecord()
        return .blank
      }
      return try readEntry()
    } catch {
      operands.removeAll()
      throw error
    }
  }

  private func field(_ member: Member) -> FieldText { members.members[member.rawValue] }

  /// The text of a string member, with JSON's escapes resolved; valid until the next call.
  private mutating func string(_ field: FieldText) throws(RowFault) -> UnsafeRawBufferPointer {
    guard field.form == .jsonString else { throw RowFault("a member is missing or no string") }
    if field.isVerbatim { return field.bytes }
    scratch.removeAll()
    try field.appendText(to: &scratch, column: 0)
    return scratch.bytes
  }

  private func number(_ member: Member) throws(RowFault) -> UInt64 {
    guard field(member).form == .jsonNumber else { throw RowFault("a member is missing or no number") }
    do throws(FormatError) {
      return try DecimalText.parse(field(member).bytes)
    } catch {
      throw RowFault(error.reason)
    }
  }

  // MARK: Records

  private mutating func readRecord() throws(RowFault) {
    let record = try string(field(.record))
    if record.elementsEqual("gap".utf8) { return closing.noteGap() }
    if record.elementsEqual("header".utf8) { return closing.noteHeader() }
    guard record.elementsEqual("trailer".utf8) else { throw RowFault("an unknown record") }
    var trailer = DumpClosing.Trailer(
      entries: try number(.entries), digest: "", isComplete: field(.complete).bytes.elementsEqual("true".utf8))
    do throws(FormatError) {
      var reader = JSONReader(field(.digest).bytes)
      var algorithm = ""
      guard try reader.next() == .beginObject else { throw FormatError("a trailer without a digest") }
      while try reader.next() == .key {
        let name = try reader.string()
        guard try reader.next() == .string else { throw FormatError("a trailer without a digest") }
        if name == "algorithm" { algorithm = try reader.string() }
        if name == "value" { trailer.digest = try reader.string() }
      }
      if algorithm != ContentDigest.algorithm { trailer.digest = "" }
    } catch {
      throw RowFault(error.reason)
    }
    closing.note(trailer)
  }

  // MARK: Entries

  private mutating func readEntry() throws(RowFault) -> RowStep {
    try readFamily()
    kind = try readKind()
    sequence = 0
    if header.hasVersions {
      sequence = try number(.seq)
      guard sequence <= .maximum else { throw RowFault("the sequence number is out of range") }
    }
    keyBuffer.removeAll()
    try append(field(.key), header.keyFormat, toKey: true)
    if orders[family].timestampSize > 0 { keyBuffer.appendFixed64(try number(.timestamp)) }
    valueBuffer.removeAll()
    switch kind {
    case .deletion, .singleDeletion, .deletionWithTimestamp: break
    case .rangeDeletion:
      try append(field(.end), header.keyFormat, toKey: false)
      if orders[family].timestampSize > 0 { valueBuffer.appendFixed64(try number(.timestamp)) }
      guard orders[family].compare(key, value) < 0 else { throw RowFault("a range deletion ends before it begins") }
      return .tombstone
    case .merge: try readMerge()
    case .wideColumnEntity: try readEntity()
    default:
      try append(field(.value), header.valueFormat, toKey: false)
      if kind == .valuePreferredSequence { valueBuffer.appendFixed64(try number(.preferredSequence)) }
    }
    return .row
  }

  private mutating func readFamily() throws(RowFault) {
    let name = try string(field(.cf))
    if familyNames[family].elementsEqual(name) { return }
    // Names are escaped text inside JSON strings.
    var parsed = ByteWriter()
    do throws(FormatError) {
      try TextFormat.escaped.parse(name, into: &parsed)
    } catch {
      throw RowFault(error.reason)
    }
    guard let found = familyNames.firstIndex(where: { parsed.bytes.elementsEqual($0) }) else {
      throw RowFault("a column family that the header does not name")
    }
    family = found
  }

  private mutating func readKind() throws(RowFault) -> EntryKind {
    let name = try string(field(.op))
    if name.elementsEqual("put".utf8) {
      return field(.preferredSequence).form == .missing ? .value : .valuePreferredSequence
    }
    let hasTimestamp = orders[family].timestampSize > 0
    if name.elementsEqual("delete".utf8) { return hasTimestamp ? .deletionWithTimestamp : .deletion }
    for kind in [EntryKind.singleDeletion, .rangeDeletion, .merge, .wideColumnEntity]
    where name.elementsEqual(kind.name.utf8) { return kind }
    throw RowFault(
      name.elementsEqual(EntryKind.blobIndex.name.utf8)
        ? "a reference to a blob file, which the dump does not hold" : "an unknown operation")
  }

  private mutating func append(_ field: FieldText, _ format: TextFormat, toKey: Bool) throws(RowFault) {
    let text = try string(field)
    do throws(FormatError) {
      if toKey { try format.parse(text, into: &keyBuffer) } else { try format.parse(text, into: &valueBuffer) }
    } catch {
      throw RowFault(error.reason)
    }
  }

  /// The base, if there is one, comes first, then the operands from the oldest on.
  private mutating func readMerge() throws(RowFault) {
    guard field(.operands).form == .jsonNested else { throw RowFault("a merge without operands") }
    let list = field(.operands).bytes
    do throws(FormatError) {
      var reader = JSONReader(list)
      guard try reader.next() == .beginArray else { throw FormatError("a list of operands expected") }
      while true {
        let token = try reader.next()
        if token == .endArray { break }
        guard token == .string else { throw FormatError("an operand that is no string") }
        operands.append(try parsed(reader))
      }
    } catch {
      throw RowFault(error.reason)
    }
    guard !operands.isEmpty else { throw RowFault("a merge without operands") }
    guard keepsSequences else { throw RowFault("a merge, which only a database can take: --into") }
    guard !header.hasVersions || operands.count == 1 else { throw RowFault("a version with several operands") }
    operands.reverse()
    if field(.value).form != .missing {
      kind = .value
      return try append(field(.value), header.valueFormat, toKey: false)
    }
    if !header.hasVersions { sequence = 1 }
    valueBuffer.append(operands.removeLast())
  }

  /// The bytes of the reader's string, which is in the format of values.
  private mutating func parsed(_ reader: borrowing JSONReader) throws(FormatError) -> [UInt8] {
    scratch.removeAll()
    try reader.unescape(into: &scratch)
    var bytes = ByteWriter()
    try header.valueFormat.parse(scratch.bytes, into: &bytes)
    return bytes.array
  }

  /// `"columns":[["name","value"],...]`, or the encoding as `"value"` where the dump could not read it.
  private mutating func readEntity() throws(RowFault) {
    guard field(.columns).form == .jsonNested else {
      return try append(field(.value), header.valueFormat, toKey: false)
    }
    let list = field(.columns).bytes
    var entity = WideColumnEntity(columns: [])
    do throws(FormatError) {
      var reader = JSONReader(list)
      guard try reader.next() == .beginArray else { throw FormatError("a list of columns expected") }
      while try reader.next() == .beginArray {
        var column = WideColumnEntity.Column(name: [], value: [])
        guard try reader.next() == .string else { throw FormatError("a column without a name") }
        column.name = try parsed(reader, header.keyFormat)
        guard try reader.next() == .string else { throw FormatError("a column without a value") }
        column.value = try parsed(reader)
        guard try reader.next() == .endArray else { throw FormatError("a column with more than a value") }
        entity.columns.append(column)
      }
    } catch {
      throw RowFault(error.reason)
    }
    entity.encode(into: &valueBuffer)
  }

  private mutating func parsed(
    _ reader: borrowing JSONReader, _ format: TextFormat
  ) throws(FormatError) -> [UInt8] {
    scratch.removeAll()
    try reader.unescape(into: &scratch)
    var bytes = ByteWriter()
    try format.parse(scratch.bytes, into: &bytes)
    return bytes.array
  }
}
