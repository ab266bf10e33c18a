/// Loads rows into new tables or a new database: read, make keys and values, sort within a bound of memory, write
/// tables in parallel, and give the result its name when it is whole. Whatever goes wrong before leaves nothing under
/// that name, and the same load can be started again.
///
///     pieces of whole rows -> keys and values -> buckets by key -> sort -> tables -> NAME.partial -> NAME
///
/// Sorting takes no second pass over the input: buckets are cut from a sample of the keys before the first row is read.
public struct BulkLoad: Sendable {
  let fileSystem: any FileSystem
  let inputs: [LoadInput]
  let format: LoadFormat
  let output: LoadOutput
  let options: LoadOptions
  let watch: LoadWatch

  /// - Parameters:
  ///   - isCancelled: Asked by all threads every few milliseconds of work.
  ///   - progress: Called by all threads, often.
  public init(
    _ inputs: [LoadInput], format: LoadFormat, output: LoadOutput, options: LoadOptions = LoadOptions(),
    in fileSystem: any FileSystem, isCancelled: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (LoadProgress) -> Void = { _ in }
  ) {
    self.inputs = inputs
    self.format = format
    self.output = output
    self.options = options
    self.fileSystem = fileSystem
    watch = LoadWatch(isCancelled: isCancelled, report: progress)
  }

  /// Errors: `corruption` for bad rows and duplicates, with input and line; `invalid` for options that do not fit each
  /// other or the input; `alreadyExists` for the output; `cancelled`; and what the file system says.
  public func run() throws(DatabaseError) -> BulkLoadReport {
    guard !inputs.isEmpty else { throw DatabaseError(.invalid, "nothing to load") }
    guard options.jobs >= 1 else { throw DatabaseError(.invalid, "at least one thread is needed") }
    var table = options.table
    table.external = false
    try table.validate()
    switch format {
    case .delimited, .ndjson: return try RowLoad(self).run()
    case .sofadbGo: return try SofaGoLoad(self).run()
    case .dump: return try DumpLoad(self).run()
    }
  }
}
