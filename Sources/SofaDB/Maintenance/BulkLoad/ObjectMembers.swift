internal import Glibc

/// Finds the members with given names in JSON objects, one object a line. Nested values are taken as they stand;
/// members with other names are passed over, but all of the object has to be JSON.
struct ObjectMembers: ~Copyable {
  private let names: [[UInt8]]
  /// One place for each name.
  let members: UnsafeMutablePointer<FieldText>
  /// Objects of one file tend to have their members in one order.
  private var likely = 0
  private var scratch = ByteWriter(capacity: 256)

  init(names: [String]) {
    self.names = names.map { Array($0.utf8) }
    members = .allocate(capacity: max(1, names.count))
  }

  deinit { members.deallocate() }

  mutating func read(_ line: UnsafeRawBufferPointer) throws(RowFault) {
    let start = line.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(bitPattern: 1)!
    members.update(repeating: FieldText(start: start, count: 0, form: .missing), count: names.count)
    likely = 0
    do throws(FormatError) {
      var reader = JSONReader(line)
      guard try reader.next() == .beginObject else { throw FormatError("a JSON object expected") }
      while try reader.next() == .key {
        if let place = try place(of: reader) {
          guard members[place].form == .missing else { throw FormatError("a member occurs twice in one object") }
          members[place] = try value(&reader, in: line)
        } else {
          try reader.skipValue()
        }
      }
      guard try reader.next() == .end else { throw FormatError("text after the object") }
    } catch {
      throw RowFault(error.reason)
    }
  }

  private mutating func place(of reader: borrowing JSONReader) throws(FormatError) -> Int? {
    var name = reader.text
    if reader.hasEscapes {
      scratch.removeAll()
      try reader.unescape(into: &scratch)
      name = scratch.bytes
    }
    for step in 0..<names.count {
      let place = (likely + step) % names.count
      let matches = names[place].withUnsafeBytes { wanted in
        wanted.count == name.count
          && (wanted.isEmpty || memcmp(wanted.baseAddress!, name.baseAddress!, name.count) == 0)
      }
      if matches {
        likely = (place + 1) % names.count
        return place
      }
    }
    return nil
  }

  private func value(
    _ reader: inout JSONReader, in line: UnsafeRawBufferPointer
  ) throws(FormatError) -> FieldText {
    let token = try reader.next()
    switch token {
    case .string: return field(reader.text, .jsonString)
    case .number: return field(reader.text, .jsonNumber)
    case .true, .false, .null:
      let length = token == .false ? 5 : 4
      let text = UnsafeRawBufferPointer(rebasing: line[(reader.position - length)..<reader.position])
      return field(text, token == .null ? .jsonNull : .jsonBoolean)
    default:
      let start = reader.position - 1
      let outer = reader.depth - 1
      while reader.depth > outer { _ = try reader.next() }
      return field(UnsafeRawBufferPointer(rebasing: line[start..<reader.position]), .jsonNested)
    }
  }

  private func field(_ text: UnsafeRawBufferPointer, _ form: FieldText.Form) -> FieldText {
    let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(bitPattern: 1)!
    return FieldText(start: start, count: text.count, form: form)
  }
}
