internal import CSofaKernels
internal import Synchronization

/// Cuts the inputs into pieces of whole rows and hands them out, in order, to any number of threads.
///
/// The cut has to know which newlines end rows, so one thread at a time reads a piece and scans it with vector
/// instructions; that costs a few per cent of the work that a piece makes. What lies behind the last row is kept for
/// the next piece. The last row of an input may lack its newline and is given one.
final class PieceReader: @unchecked Sendable {
  struct Piece {
    /// From 0, over all inputs.
    var number: Int
    /// Which input.
    var source: Int
    /// The line in that input where the first row starts, from 1.
    var firstLine: UInt64
    /// Lines of all inputs before the first row; orders rows over all inputs.
    var firstOrdinal: UInt64
    /// Newlines in the piece, those inside quotes included.
    var newlines: UInt64
    /// Whether rows hold newlines inside quotes, so that they have to be counted row by row.
    var hasInnerNewlines: Bool
    /// Where the piece starts in its input.
    var offset: UInt64
    /// Quotes stand where they should not; the rows must be read byte by byte.
    var isMalformed: Bool
  }

  /// nil for lines without quoting.
  let dialect: Dialect?
  let pieceSize: Int
  /// Bytes that one row may take.
  let longestRow: Int
  /// Guards `state`.
  private let lock = Mutex<Void>(())
  private var state: State

  /// What a scan says about whole rows.
  private struct Found {
    var end: Int
    var newlines: Int
    var hasInnerNewlines: Bool
    var isMalformed: Bool
  }

  private struct State: ~Copyable {
    var sources: [any InputSource]
    var current = -1
    var isAtEnd = true
    /// Bytes read and not handed out.
    var pending = ByteWriter(capacity: 1 << 16)
    var line: UInt64 = 1
    var offset: UInt64 = 0
    var ordinal: UInt64 = 0
    var pieces = 0
    var bytesRead: UInt64 = 0
    /// The first row of the first input.
    var firstRow: [UInt8]?
    /// Lines of all inputs before each of those opened so far.
    var firstOrdinals: [UInt64] = []
  }

  init(sources: [any InputSource], dialect: Dialect?, pieceSize: Int, longestRow: Int) {
    self.dialect = dialect
    self.pieceSize = max(16, pieceSize)
    self.longestRow = min(max(longestRow, self.pieceSize), 1 << 30)
    state = State(sources: sources)
  }

  /// Goes on in the middle of a single input whose header was read by somebody else: `place` is a piece that another
  /// reader found there.
  init(continuing source: any InputSource, at place: Piece, like other: PieceReader) {
    dialect = other.dialect.map { Dialect(delimiter: $0.delimiter, quote: $0.quote, hasHeader: false) }
    pieceSize = other.pieceSize
    longestRow = other.longestRow
    state = State(sources: [source])
    state.current = 0
    state.isAtEnd = false
    state.line = place.firstLine
    state.offset = place.offset
    state.ordinal = place.firstOrdinal
  }

  /// Opens the first input and returns its first row without its line break; the row is consumed if it is a header. nil
  /// when there is none, or, where no header is needed, none that can be read. Called before the first piece is taken.
  func readFirstRow() throws(DatabaseError) -> [UInt8]? {
    try lock.withLock { (_) throws(DatabaseError) in
      if state.current < 0, !state.sources.isEmpty { try open(0) }
      return state.firstRow
    }
  }

  /// About the next `count` bytes, which stay where they are. Called before the first piece is taken.
  func peek(_ count: Int) throws(DatabaseError) -> [UInt8] {
    try lock.withLock { (_) throws(DatabaseError) in
      if state.current < 0, !state.sources.isEmpty { try open(0) }
      guard state.current >= 0 else { return [] }
      try readPending(upTo: count)
      return state.pending.array
    }
  }

  /// Bytes of all pieces so far.
  var bytesRead: UInt64 { lock.withLock { _ in state.bytesRead } }

  /// The input and the line in it for a row's place among the lines of all inputs.
  func location(ofOrdinal ordinal: UInt64) -> (source: String, line: UInt64) {
    lock.withLock { _ in
      let source = state.firstOrdinals.lastIndex { $0 <= ordinal } ?? 0
      guard source < state.firstOrdinals.count else { return ("", ordinal + 1) }
      return (state.sources[source].name, ordinal - state.firstOrdinals[source] + 1)
    }
  }

  /// Replaces what `buffer` holds by the next piece; nil after the last one.
  func next(into buffer: inout ByteWriter) throws(DatabaseError) -> Piece? {
    try lock.withLock { (_) throws(DatabaseError) in try nextLocked(into: &buffer) }
  }

  private func nextLocked(into buffer: inout ByteWriter) throws(DatabaseError) -> Piece? {
    while true {
      buffer.removeAll()
      if state.current >= 0 {
        buffer.append(state.pending.bytes)
        state.pending.removeAll()
        if let piece = try fill(&buffer) { return piece }
      }
      guard state.current + 1 < state.sources.count else { return nil }
      try open(state.current + 1)
    }
  }

  /// Reads until `buffer` holds at least one whole row; nil when the input has none left.
  private func fill(_ buffer: inout ByteWriter) throws(DatabaseError) -> Piece? {
    var wanted = pieceSize
    while true {
      try read(upTo: wanted, into: &buffer)
      if buffer.count == 0 { return nil }
      if state.isAtEnd, buffer.bytes[buffer.count - 1] != 0x0A { buffer.append(0x0A) }
      var found = scan(buffer.bytes)
      if found.end == 0, state.isAtEnd {
        // An unclosed quote; the row that has it goes to the end.
        let newlines = ByteSearch.count(of: 0x0A, in: buffer.bytes)
        found = Found(end: buffer.count, newlines: newlines, hasInnerNewlines: true, isMalformed: true)
      }
      guard found.end == 0 else { return cut(&buffer, found) }
      guard wanted < longestRow else {
        throw DatabaseError(
          .corruption, file: state.sources[state.current].name,
          "line \(state.line): a row of more than \(longestRow) bytes, or a quote that is never closed")
      }
      wanted = min(wanted * 2, longestRow)
    }
  }

  private func cut(
    _ buffer: inout ByteWriter, _ found: Found
  ) -> Piece {
    state.pending.append(UnsafeRawBufferPointer(rebasing: buffer.bytes[found.end...]))
    buffer.truncate(to: found.end)
    let piece = Piece(
      number: state.pieces, source: state.current, firstLine: state.line, firstOrdinal: state.ordinal,
      newlines: UInt64(found.newlines), hasInnerNewlines: found.hasInnerNewlines, offset: state.offset,
      isMalformed: found.isMalformed)
    state.pieces += 1
    state.bytesRead += UInt64(found.end)
    state.line += UInt64(found.newlines)
    state.ordinal += UInt64(found.newlines)
    state.offset += UInt64(found.end)
    return piece
  }

  private func scan(_ bytes: UnsafeRawBufferPointer) -> Found {
    var found = sofa_rows()
    let text = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    sofa_rows_scan(text, bytes.count, dialect?.delimiter ?? 0x0A, dialect?.quoteCode ?? -1, &found)
    guard found.malformed, let dialect else {
      return Found(
        end: found.end, newlines: Int(found.newlines), hasInnerNewlines: found.newlines != found.rows,
        isMalformed: false)
    }
    let exact = DelimitedRows.lastRowEnd(bytes, dialect: dialect)
    return Found(end: exact.end, newlines: exact.newlines, hasInnerNewlines: true, isMalformed: true)
  }

  private func read(
    upTo wanted: Int, into buffer: inout ByteWriter
  ) throws(DatabaseError) {
    while buffer.count < wanted, !state.isAtEnd {
      let room = wanted - buffer.count
      // One byte more: the newline that the last row may lack.
      let place = UnsafeMutableRawBufferPointer(start: buffer.reserve(room + 1), count: room)
      let count = try state.sources[state.current].read(into: place)
      buffer.commit(count)
      if count == 0 { state.isAtEnd = true }
    }
  }

  // MARK: The start of an input

  /// Reads on until `count` bytes are pending.
  private func readPending(upTo count: Int) throws(DatabaseError) {
    // Out of the state while it grows: `read` changes other parts of the state.
    var pending = ByteWriter(capacity: 16)
    swap(&pending, &state.pending)
    defer { swap(&pending, &state.pending) }
    try read(upTo: count, into: &pending)
  }

  private func open(_ index: Int) throws(DatabaseError) {
    state.current = index
    state.isAtEnd = false
    state.line = 1
    state.offset = 0
    var start = ByteWriter(capacity: pieceSize)
    try read(upTo: 4, into: &start)
    let mark = byteOrderMark(start.bytes)
    guard mark >= 0 else {
      throw DatabaseError(
        .unsupported, file: state.sources[index].name, "the text is UTF-16; it has to be converted to UTF-8 first")
    }
    state.offset = UInt64(mark)
    state.pending.removeAll()
    state.pending.append(UnsafeRawBufferPointer(rebasing: start.bytes[mark...]))
    state.firstOrdinals.append(state.ordinal)
    guard let dialect, dialect.hasHeader || index == 0 else { return }
    try takeFirstRow(of: dialect)
  }

  /// Bytes of the UTF-8 mark; -1 when there is one of UTF-16.
  private func byteOrderMark(_ start: UnsafeRawBufferPointer) -> Int {
    if start.starts(with: [0xEF, 0xBB, 0xBF]) { return 3 }
    return start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) ? -1 : 0
  }

  private func takeFirstRow(of dialect: Dialect) throws(DatabaseError) {
    let name = state.sources[state.current].name
    var wanted = min(pieceSize, 1 << 16)
    while true {
      try readPending(upTo: wanted)
      var text = state.pending.array
      if state.isAtEnd, !text.isEmpty, text.last != 0x0A { text.append(0x0A) }
      if let row = text.withUnsafeBytes({ DelimitedRows.firstRow($0, dialect: dialect) }) {
        try accept(Array(text[row.text]), of: dialect, file: name)
        if dialect.hasHeader { consume(row.end, newlines: row.newlines) }
        return
      }
      guard !state.isAtEnd, wanted < longestRow else {
        guard dialect.hasHeader else { return }
        throw DatabaseError(.corruption, file: name, "line 1: no header row can be read")
      }
      wanted = min(wanted * 2, longestRow)
    }
  }

  private func consume(_ count: Int, newlines: Int) {
    var rest = ByteWriter(capacity: state.pending.count)
    rest.append(UnsafeRawBufferPointer(rebasing: state.pending.bytes[min(count, state.pending.count)...]))
    swap(&rest, &state.pending)
    state.line += UInt64(newlines)
    state.ordinal += UInt64(newlines)
    state.offset += UInt64(count)
  }

  private func accept(_ row: [UInt8], of dialect: Dialect, file: String) throws(DatabaseError) {
    if dialect.hasHeader, let first = state.firstRow, first != row {
      throw DatabaseError(.corruption, file: file, "line 1: the header is not that of \(state.sources[0].name)")
    }
    if state.firstRow == nil { state.firstRow = row }
  }
}
