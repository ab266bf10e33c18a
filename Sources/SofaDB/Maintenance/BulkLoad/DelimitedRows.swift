internal import CSofaKernels
internal import Glibc

/// Steps through the rows of a piece of delimited text, which starts with a row and ends with a newline.
///
/// Text that `sofa_rows_scan` found well-formed is cut by one pass of vector instructions over the whole piece; the
/// rows are then read off the list of cuts. Malformed and very large pieces are read byte by byte, row by row, so that
/// each bad row is told apart from its neighbours: a bad row ends at the first newline after the fault.
struct DelimitedRows: ~Copyable {
  enum Step { case row, blank, end }

  /// Larger pieces are not indexed, because the index may take four times as much memory.
  private static let largestIndexed = 16 << 20

  private let dialect: Dialect
  private var cuts: UnsafeMutablePointer<UInt32>
  private var capacity: Int
  private var text = UnsafePointer<UInt8>(bitPattern: 1)!
  private var length = 0
  private var isIndexed = false
  private var cutCount = 0
  private var nextCut = 0
  /// Where the next row starts.
  private(set) var position = 0

  init(dialect: Dialect) {
    self.dialect = dialect
    capacity = 1024
    cuts = .allocate(capacity: capacity)
  }

  deinit { cuts.deallocate() }

  /// Starts with the piece at `text`, which stays where it is until the last row was read. `isMalformed` is what the
  /// scan said.
  mutating func begin(_ piece: UnsafeRawBufferPointer, isMalformed: Bool) {
    text = piece.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? text
    length = piece.count
    position = 0
    nextCut = 0
    isIndexed = !isMalformed && length <= DelimitedRows.largestIndexed
    guard isIndexed else { return }
    reserve(length)
    cutCount = sofa_rows_index(text, length, dialect.delimiter, dialect.quoteCode, cuts)
  }

  func makeView() -> RowView { RowView(text: text, cuts: UnsafePointer(cuts), quote: dialect.quoteCode, members: nil) }

  private mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    cuts.deallocate()
    capacity = count
    cuts = .allocate(capacity: capacity)
  }

  /// Finds the next row. After a fault `view` holds the bytes of the bad row, and the next call goes on behind it.
  @inline(__always)
  mutating func next(_ view: inout RowView) throws(RowFault) -> Step {
    guard isIndexed else { return try nextExactly(&view) }
    guard nextCut < cutCount else { return .end }
    let first = nextCut
    var cut = first
    while text[Int(cuts[cut])] != 0x0A { cut += 1 }
    view.start = position
    view.cuts = UnsafePointer(cuts + first)
    view.fieldCount = cut - first + 1
    let newline = Int(cuts[cut])
    view.end = newline > position && text[newline - 1] == 0x0D ? newline - 1 : newline
    nextCut = cut + 1
    position = newline + 1
    return view.end == view.start ? .blank : .row
  }

  /// The same byte by byte.
  @inline(never)
  private mutating func nextExactly(_ view: inout RowView) throws(RowFault) -> Step {
    guard position < length else { return .end }
    view.start = position
    view.fieldCount = 0
    var place = position
    while true {
      if Int32(text[place]) == dialect.quoteCode {
        place = try afterQuotes(place + 1, &view)
      } else {
        place = try afterPlain(place, &view)
      }
      if view.fieldCount == capacity { grow() }
      cuts[view.fieldCount] = UInt32(truncatingIfNeeded: place)
      view.fieldCount += 1
      if text[place] == 0x0A { break }
      place += 1
    }
    view.cuts = UnsafePointer(cuts)
    position = place + 1
    view.end = place > view.start && text[place - 1] == 0x0D ? place - 1 : place
    return view.end == view.start ? .blank : .row
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
    larger.update(from: cuts, count: capacity)
    cuts.deallocate()
    cuts = larger
    capacity *= 2
  }

  /// Where the unquoted field that starts at `start` ends: its delimiter or newline.
  private mutating func afterPlain(_ start: Int, _ view: inout RowView) throws(RowFault) -> Int {
    var place = start
    while text[place] != 0x0A, text[place] != dialect.delimiter {
      if Int32(text[place]) == dialect.quoteCode { throw skip(from: place, .strayQuote, &view) }
      place += 1
    }
    return place
  }

  /// Where the quoted field whose content starts at `start` ends.
  private mutating func afterQuotes(_ start: Int, _ view: inout RowView) throws(RowFault) -> Int {
    var place = start
    let quote = dialect.quote ?? 0
    while true {
      guard let next = ByteSearch.first(quote, in: text + place, count: length - place) else {
        throw skip(from: length - 1, .unclosedQuote, &view)
      }
      place += next + 1
      guard place < length, text[place] == quote else { break }
      place += 1
    }
    // The piece ends with a newline, so a byte follows.
    if text[place] == 0x0D, text[place + 1] == 0x0A { place += 1 }
    guard text[place] == 0x0A || text[place] == dialect.delimiter else {
      throw skip(from: place, RowFault("text after a closing quote"), &view)
    }
    return place
  }

  /// Ends the bad row at the first newline from `place` on.
  private mutating func skip(from place: Int, _ fault: RowFault, _ view: inout RowView) -> RowFault {
    let newline = place + (ByteSearch.first(0x0A, in: text + place, count: length - place) ?? length - 1 - place)
    view.end = newline > view.start && text[newline - 1] == 0x0D ? newline - 1 : newline
    position = newline + 1
    var fault = fault
    fault.column = view.fieldCount
    return fault
  }
}

extension DelimitedRows {
  /// What `sofa_rows_scan` finds, for malformed text: where the last row that has a newline ends, and the newlines up
  /// to there. An unclosed quote at the end keeps its row out, since more text may close it.
  static func lastRowEnd(
    _ bytes: UnsafeRawBufferPointer, dialect: Dialect
  ) -> (end: Int, newlines: Int) {
    guard let base = bytes.baseAddress, let last = bytes.lastIndex(of: 0x0A) else { return (0, 0) }
    let text = base.assumingMemoryBound(to: UInt8.self)
    var rows = DelimitedRows(dialect: dialect)
    rows.begin(UnsafeRawBufferPointer(start: base, count: last + 1), isMalformed: true)
    var view = rows.makeView()
    var end = 0
    while true {
      do throws(RowFault) {
        if try rows.next(&view) == .end { break }
      } catch {
        if error.isUnclosedQuote { break }
      }
      end = rows.position
    }
    return (end, ByteSearch.count(of: 0x0A, in: text, count: end))
  }

  /// The first row if it is whole: where its text lies, where the next row starts, and the newlines between. nil as
  /// well when it is malformed.
  static func firstRow(
    _ bytes: UnsafeRawBufferPointer, dialect: Dialect
  ) -> (text: Range<Int>, end: Int, newlines: Int)? {
    guard let base = bytes.baseAddress, let last = bytes.lastIndex(of: 0x0A) else { return nil }
    var rows = DelimitedRows(dialect: dialect)
    rows.begin(UnsafeRawBufferPointer(start: base, count: last + 1), isMalformed: true)
    var view = rows.makeView()
    do throws(RowFault) {
      guard try rows.next(&view) != .end else { return nil }
    } catch {
      return nil
    }
    let text = base.assumingMemoryBound(to: UInt8.self)
    return (view.start..<view.end, rows.position, ByteSearch.count(of: 0x0A, in: text, count: rows.position))
  }
}
