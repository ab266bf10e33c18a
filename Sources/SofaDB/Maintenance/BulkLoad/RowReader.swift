/// Reads rows of delimited text or JSON objects and makes their keys and values.
///
/// Key and value point into the piece where they stand there as they are, and into buffers of this value otherwise;
/// both are valid until the next row.
struct RowReader: RowSource, ~Copyable {

  private static let longestKey = 64 << 20

  private let plan: RowPlan
  private var delimited: DelimitedRows
  private var lines = LinesOfText(UnsafeRawBufferPointer(start: nil, count: 0))
  private var objects: ObjectMembers
  private var view: RowView
  private let isDelimited: Bool
  private var keyBuffer = ByteWriter(capacity: 1024)
  private var valueBuffer = ByteWriter(capacity: 4096)
  private var scratch = ByteWriter(capacity: 1024)

  private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)
  private var kind = EntryKind.value

  init(plan: RowPlan) {
    self.plan = plan
    switch plan.shape {
    case .delimited(let dialect):
      delimited = DelimitedRows(dialect: dialect)
      objects = ObjectMembers(names: [])
      isDelimited = true
    case .objects(let names):
      delimited = DelimitedRows(dialect: .csv)
      objects = ObjectMembers(names: names)
      isDelimited = false
    }
    view = delimited.makeView()
  }

  mutating func begin(_ piece: UnsafeRawBufferPointer, isMalformed: Bool) {
    if isDelimited {
      delimited.begin(piece, isMalformed: isMalformed)
      view = delimited.makeView()
    } else {
      lines = LinesOfText(piece)
    }
  }

  var text: UnsafeRawBufferPointer { view.bytes }
  var family: Int { 0 }

  @inline(__always)
  func trailer(ordinal: UInt64) -> UInt64 { InternalKey.trailer(ordinal, kind.rawValue) }

  func describe(_ fault: RowFault) -> String { plan.describe(fault) }

  @inline(__always)
  mutating func next() throws(RowFault) -> RowStep {
    if isDelimited {
      switch try delimited.next(&view) {
      case .end: return .end
      case .blank: return .blank
      case .row: break
      }
      guard view.fieldCount == plan.fieldCount ?? max(view.fieldCount, plan.lastColumn + 1) else {
        throw RowFault("wrong number of fields", fieldCount: view.fieldCount)
      }
    } else {
      guard let line = lines.next() else { return .end }
      view = lineView(line)
      if isBlank(line) { return .blank }
      try objects.read(line)
    }
    try makeKey()
    try makeValue()
    return .row
  }

  private func lineView(_ line: UnsafeRawBufferPointer) -> RowView {
    let text = line.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? view.text
    return RowView(
      text: text, start: 0, end: line.count, cuts: view.cuts, fieldCount: 0, quote: -1,
      members: UnsafePointer(objects.members))
  }

  private func isBlank(_ line: UnsafeRawBufferPointer) -> Bool {
    guard let first = line.first else { return true }
    return (first == 0x20 || first == 0x09) && line.allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }

  @inline(__always)
  private mutating func makeKey() throws(RowFault) {
    if let only = plan.key.only, only.code == .text {
      let field = view.field(only.column)
      if field.form == .plain {
        key = field.bytes
        return try checkKey()
      }
    }
    keyBuffer.removeAll()
    try plan.key.append(view, to: &keyBuffer, scratch: &scratch)
    key = keyBuffer.bytes
    try checkKey()
  }

  @inline(__always)
  private func checkKey() throws(RowFault) {
    guard key.count > 0 else { throw RowFault("the key is empty") }
    guard key.count <= RowReader.longestKey else { throw RowFault("the key is longer than 64 MiB") }
  }

  @inline(__always)
  private mutating func makeValue() throws(RowFault) {
    kind = .value
    if let operation = plan.operation { try readOperation(operation) }
    if kind == .deletion {
      value = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    if let only = plan.value.only, only.code == .csvRun {
      let lower = view.lowerBound(only.column)
      value = UnsafeRawBufferPointer(start: view.text + lower, count: view.upperBound(only.last) - lower)
      return
    }
    valueBuffer.removeAll()
    try plan.value.append(view, to: &valueBuffer, scratch: &scratch)
    value = valueBuffer.bytes
  }

  @inline(never)
  private mutating func readOperation(_ column: Int) throws(RowFault) {
    scratch.removeAll()
    try view.field(column).appendText(to: &scratch, column: column)
    if scratch.bytes.elementsEqual("put".utf8) { return }
    guard scratch.bytes.elementsEqual("delete".utf8) else {
      throw RowFault("neither put nor delete", column: column)
    }
    kind = .deletion
  }
}
