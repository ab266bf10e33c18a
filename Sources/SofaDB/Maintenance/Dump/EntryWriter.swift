/// Prints entries of one family into a buffer, in one style. Called once an entry: no allocation, no `String`.
///
/// NDJSON, visible entries (`op` put, merge or entity) and versions (also delete, single-delete, range-delete, blob):
///
///     {"cf":"default","op":"put","key":"k","value":"v"}
///     {"cf":"default","op":"put","timestamp":17,"key":"k","value":"v"}
///     {"cf":"default","op":"merge","key":"k","value":"base if any","operands":["oldest","newest"]}
///     {"cf":"default","op":"entity","key":"k","columns":[["name","value"],...]}
///     {"cf":"default","op":"range-delete","key":"begin","end":"excluded end","seq":7,"file":"000012.sst","level":1}
///
/// `cf` is escaped text; keys, ends and column names are in the key format, values and operands in the value format.
public struct EntryWriter: ~Copyable {
  /// What was printed; the owner takes and empties it.
  public var output: ByteWriter
  let style: EntryStyle
  /// The user timestamp of the entries that come, in families that have one; NDJSON shows it.
  public var timestamp: UInt64?
  private let keyFormat: TextFormat
  private let valueFormat: TextFormat
  private let keyIsPrefixed: Bool
  private let valueIsPrefixed: Bool
  /// The cell that is being quoted.
  private var scratch = ByteWriter()
  /// What stands before each entry: the family's column, or the start of the object.
  private let opening: [UInt8]

  public init(style: EntryStyle, family: String, capacity: Int = 1 << 16) {
    self.style = style
    output = ByteWriter(capacity: capacity)
    keyFormat = style.cell(style.keyFormat)
    valueFormat = style.cell(style.valueFormat)
    keyIsPrefixed = keyFormat == .hex && (style.form == .text || style.form == .csv)
    valueIsPrefixed = valueFormat == .hex && (style.form == .text || style.form == .csv)
    opening = EntryWriter.opening(style, family: family)
  }

  private static func opening(_ style: EntryStyle, family: String) -> [UInt8] {
    var scratch = ByteWriter()
    switch style.form {
    case .ndjson:
      var json = JSONWriter(capacity: 64)
      json.beginObject()
      json.field("cf", EscapedText.printable(family))
      return json.output.array + [UInt8](#","op":""#.utf8)
    case .text where style.showsFamily:
      scratch.append(utf8: EscapedText.printable(family) + "\t")
    case .csv where style.showsFamily:
      CSVCell.append([UInt8](EscapedText.printable(family).utf8), to: &scratch)
      scratch.append(0x2C)
    default: break
    }
    return scratch.array
  }

  /// A key with a plain value.
  @inline(__always)
  public mutating func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    switch style.form {
    case .text:
      if style.showsFamily { output.append(opening) }
      cell(key, keyFormat, prefixed: keyIsPrefixed)
      if !style.keysOnly {
        output.append(0x09)
        cell(value, valueFormat, prefixed: valueIsPrefixed)
      }
      output.append(0x0A)
    case .ndjson:
      begin("put", key)
      if !style.keysOnly { member(#"","value":""#, value, valueFormat) }
      output.append("\"}\n")
    case .csv: csv(key, value)
    case .raw:
      output.appendFixed32(UInt32(truncatingIfNeeded: key.count))
      output.append(key)
      if style.keysOnly { return }
      output.appendFixed32(UInt32(truncatingIfNeeded: value.count))
      output.append(value)
    }
  }

  @inline(__always)
  private mutating func cell(_ bytes: UnsafeRawBufferPointer, _ format: TextFormat, prefixed: Bool) {
    if prefixed { output.appendFixed16(0x7830) }
    format.append(bytes, to: &output)
  }

  /// `{"cf":"...","op":"OP","key":"KEY`, the closing quote left to what follows.
  @inline(__always)
  private mutating func begin(_ operation: StaticString, _ key: UnsafeRawBufferPointer) {
    output.append(opening)
    output.append(operation)
    if let timestamp {
      output.append(#"","timestamp":"#)
      DecimalText.append(timestamp, to: &output)
      member(#","key":""#, key, keyFormat)
    } else {
      member(#"","key":""#, key, keyFormat)
    }
  }

  @inline(__always)
  private mutating func member(_ opening: StaticString, _ bytes: UnsafeRawBufferPointer, _ format: TextFormat) {
    output.append(opening)
    content(bytes, format)
  }

  @inline(__always)
  private mutating func content(_ bytes: UnsafeRawBufferPointer, _ format: TextFormat) {
    if format == .escaped { JSONText.appendEscaped(bytes, to: &output) } else { format.append(bytes, to: &output) }
  }

  private mutating func csv(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    output.append(opening)
    csvCell(key, keyFormat)
    if !style.keysOnly {
      output.append(0x2C)
      csvCell(value, valueFormat)
    }
    output.append(0x0D)
    output.append(0x0A)
  }

  private mutating func csvCell(_ bytes: UnsafeRawBufferPointer, _ format: TextFormat) {
    guard format == .escaped || format == .base64 else { return cell(bytes, format, prefixed: format == .hex) }
    scratch.removeAll()
    format.append(bytes, to: &scratch)
    CSVCell.append(scratch.bytes, to: &output)
  }
}

/// Entries that are more than a value.
extension EntryWriter {
  /// A wide-column entity. Forms other than NDJSON show its default column, as a plain read would.
  public mutating func entity(_ key: UnsafeRawBufferPointer, _ entity: WideColumnEntity) {
    guard style.form == .ndjson else {
      return entity.defaultValue.withUnsafeBytes { put(key, $0) }
    }
    begin("entity", key)
    if !style.keysOnly {
      columns(entity, opening: #"","columns":["#)
      output.append("}\n")
    } else {
      output.append("\"}\n")
    }
  }

  private mutating func columns(_ entity: WideColumnEntity, opening: StaticString) {
    output.append(opening)
    for (index, column) in entity.columns.enumerated() {
      output.append(index == 0 ? "[\"" : ",[\"")
      column.name.withUnsafeBytes { content($0, keyFormat) }
      output.append(#"",""#)
      column.value.withUnsafeBytes { content($0, valueFormat) }
      output.append("\"]")
    }
    output.append(0x5D)
  }

  /// A merge whose operator is not known, operands oldest first. Forms other than NDJSON show base and operands one
  /// after the other with nothing between them.
  public mutating func merge(_ key: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?, operands: [[UInt8]]) {
    guard style.form == .ndjson else {
      let joined = [UInt8](base ?? UnsafeRawBufferPointer(start: nil, count: 0)) + operands.joined()
      return joined.withUnsafeBytes { put(key, $0) }
    }
    begin("merge", key)
    if !style.keysOnly {
      if let base { member(#"","value":""#, base, valueFormat) }
      output.append(#"","operands":["#)
      for (index, operand) in operands.enumerated() {
        output.append(index == 0 ? "\"" : ",\"")
        operand.withUnsafeBytes { content($0, valueFormat) }
        output.append(0x22)
      }
      output.append("]}\n")
    } else {
      output.append("\"}\n")
    }
  }

  /// One version of a key: `kind` nil where `rawKind` is none that is known. `value` is the end of a range deletion.
  mutating func version(
    _ storedKey: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, kind: EntryKind?, rawKind: UInt8,
    sequence: SequenceNumber, _ place: VersionPlace, _ order: KeyOrder
  ) {
    let key = order.withoutTimestamp(storedKey)
    let isRange = kind == .rangeDeletion
    let shown = isRange ? order.withoutTimestamp(value) : value
    let hasValue = !style.keysOnly && !(kind?.isPointTombstone ?? false)
    let name = kind?.name ?? "kind-\(rawKind)"
    switch style.form {
    case .ndjson:
      output.append(opening)
      output.append(utf8: name)
      member(#"","key":""#, key, keyFormat)
      output.append(#"","seq":"#)
      DecimalText.append(sequence, to: &output)
      if order.timestampSize == 8, storedKey.count >= 8 {
        output.append(#","timestamp":"#)
        DecimalText.append(storedKey.internalKeyTrailer, to: &output)
      }
      output.append(place.json)
      if hasValue { jsonValue(shown, kind) }
      output.append("}\n")
    case .text, .csv, .raw:
      let isText = style.form == .text
      output.append(opening)
      if isText { cell(key, keyFormat, prefixed: keyIsPrefixed) } else { csvCell(key, keyFormat) }
      output.append(isText ? 0x09 : 0x2C)
      DecimalText.append(sequence, to: &output)
      output.append(isText ? 0x09 : 0x2C)
      output.append(utf8: name)
      if !style.keysOnly {
        output.append(isText ? 0x09 : 0x2C)
        if hasValue {
          let format = isRange ? keyFormat : valueFormat
          let prefixed = isRange ? keyIsPrefixed : valueIsPrefixed
          if isText { cell(shown, format, prefixed: prefixed) } else { csvCell(shown, format) }
        }
      }
      output.append(isText ? place.text : place.csv)
      output.append(isText ? "\n" : "\r\n")
    }
  }

  /// The members that hold the value of a version.
  private mutating func jsonValue(_ value: UnsafeRawBufferPointer, _ kind: EntryKind?) {
    switch kind {
    case .rangeDeletion:
      member(#","end":""#, value, keyFormat)
      output.append(0x22)
    case .merge:
      member(#","operands":[""#, value, valueFormat)
      output.append("\"]")
    case .valuePreferredSequence where value.count >= 8:
      let split = value.count - 8
      member(#","value":""#, UnsafeRawBufferPointer(rebasing: value[..<split]), valueFormat)
      output.append(#"","preferred_seq":"#)
      DecimalText.append(value.internalKeyTrailer, to: &output)
    case .wideColumnEntity:
      do throws(FormatError) {
        columns(try WideColumnEntity(value), opening: #","columns":["#)
      } catch {
        member(#","value":""#, value, valueFormat)
        output.append(0x22)
      }
    default:
      member(#","value":""#, value, valueFormat)
      output.append(0x22)
    }
  }
}
