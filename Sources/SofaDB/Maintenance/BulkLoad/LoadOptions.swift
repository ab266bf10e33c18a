/// What is loaded.
public enum LoadFormat: Sendable, Equatable {
  case delimited(Dialect)
  /// One JSON object a line.
  case ndjson
  /// NDJSON as `dump` prints it.
  case dump
  /// The directory of the first SofaDB, which was written in Go.
  case sofadbGo
}

/// Where it comes from.
public enum LoadInput: Sendable {
  /// A file, or a directory for `sofadbGo`.
  case path(String)
  case stream(any InputSource)
}

/// What it becomes.
public enum LoadOutput: Sendable, Equatable {
  /// A new directory of external tables.
  case tables(String)
  /// A new database.
  case database(String)

  var path: String {
    switch self {
    case .tables(let path), .database(let path): path
    }
  }
}

/// How far a load has come.
public struct LoadProgress: Sendable {
  public enum Phase: Sendable {
    /// Bytes of input.
    case reading
    /// Bytes of rows.
    case writing
  }

  public var phase: Phase
  public var done: UInt64
  /// nil when the input does not say how long it is.
  public var total: UInt64?
}

/// How it is loaded.
public struct LoadOptions: Sendable {
  /// Not for dumps and Go directories, which have keys.
  public var key: RowExpression?
  /// nil for `json(*)`, or `csv(*)` where columns have no names.
  public var value: RowExpression?
  /// The column that says `put` or `delete`.
  public var operationColumn: RowExpression?
  public var duplicates = DuplicatePolicy.error
  /// Bad rows that are passed over before the load fails.
  public var maxErrors: UInt64 = 0
  /// Path of the file for bad rows.
  public var rejects: String?
  /// The rows come in key order: nothing is sorted, and the order is checked.
  public var isSorted = false
  /// Loads a dump although parts of its source could not be read.
  public var acceptsGaps = false
  /// Threads.
  public var jobs = Workers.processors
  /// Bytes for rows, entries and buffers; the process takes at most about 100 MiB more.
  public var memory = 1 << 30
  /// Path of the directory for rows that find no room in memory; nil for the output's.
  public var temporaryDirectory: String?
  /// Bytes of a table after which the next one begins.
  public var targetFileSize: UInt64 = 64 << 20
  /// Codec, blocks, filter and checksums of the tables; what belongs to the output is set by the load.
  public var table = TableOptions()
  /// The family of rows that do not name one.
  public var family = "default"

  public init() {}
}
