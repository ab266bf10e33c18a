import SofaTesting
import Testing

@testable import SofaDB

/// A load on a simulated disk: inputs and results lie in the directory `db`.
struct LoadCase {
  var system = SimulatedFileSystem()
  var format = LoadFormat.delimited(.csv)
  var options = LoadOptions()
  var output = LoadOutput.tables("db/out")

  init(key: String? = nil, value: String? = nil) throws {
    options.key = try key.map { try RowExpression($0) }
    options.value = try value.map { try RowExpression($0) }
    options.jobs = 1
    options.memory = 1 << 20
    options.table.compression = .none
  }

  static func write(_ text: [UInt8], to name: String, in system: SimulatedFileSystem) throws {
    let directory = try system.directory(at: "db")
    if try directory.attributes(of: name) != nil { try directory.remove(name) }
    let file = try directory.create(name)
    let bytes = ByteBuffer(text)
    try file.append(bytes.bytes)
    withExtendedLifetime(bytes) {}
    try file.sync()
    try file.close()
    try directory.sync()
    system.settle()
  }

  func run(_ inputs: [LoadInput]) throws(DatabaseError) -> BulkLoadReport {
    try BulkLoad(inputs, format: format, output: output, options: options, in: system).run()
  }

  /// Loads `text` from a file.
  @discardableResult
  func load(_ text: String) throws -> BulkLoadReport { try load(Array(text.utf8)) }

  @discardableResult
  func load(_ text: [UInt8]) throws -> BulkLoadReport {
    try LoadCase.write(text, to: "input", in: system)
    return try run([.path("db/input")])
  }

  /// What a reader of the result sees, as `key=value` texts.
  func entries(of family: String = "default") throws -> [String] {
    try LoadCase.entries(system, output, family: family).map { entry in
      "\(TextFormat.escaped.text(entry.key))=\(TextFormat.escaped.text(entry.value))"
    }
  }

  static func entries(
    _ system: any ReadableFileSystem, _ output: LoadOutput, family: String = "default"
  ) throws -> [(key: [UInt8], value: [UInt8])] {
    let directory = try system.readableDirectory(at: output.path)
    let view: DatabaseView
    switch output {
    case .database: view = try DatabaseView(database: directory)
    case .tables:
      let names = try directory.entries().map(\.name).filter { $0.hasSuffix(".sst") }
      if names.isEmpty { return [] }
      view = try DatabaseView(tables: names, in: directory)
    }
    var cursor = try view.cursor(#require(view.family(named: family)))
    var entries: [(key: [UInt8], value: [UInt8])] = []
    try cursor.seekToFirst()
    while cursor.isValid {
      entries.append(([UInt8](cursor.userKey), [UInt8](cursor.value)))
      try cursor.next()
    }
    return entries
  }

  /// Names in `db`, without the input.
  static func names(_ system: SimulatedFileSystem) throws -> [String] {
    try system.directory(at: "db").entries().map(\.name).filter { $0 != "input" }.sorted()
  }

  /// The error that loading `text` ends with; also checks that nothing is left.
  func failure(_ text: String) throws -> DatabaseError? {
    do {
      try load(text)
      return nil
    } catch let error as DatabaseError {
      #expect(try LoadCase.names(system) == [], "\(error) left something behind")
      #expect(system.openHandles == 0)
      return error
    }
  }
}

/// An input that comes in small portions, as a pipe does.
final class PortionedInput: InputSource, @unchecked Sendable {
  let name = "pipe"
  let size: UInt64? = nil
  private let text: [UInt8]
  private let portion: Int
  private var position = 0

  init(_ text: [UInt8], portion: Int) {
    self.text = text
    self.portion = portion
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, portion, text.count - position)
    buffer.copyBytes(from: text[position..<(position + count)])
    position += count
    return count
  }
}
