/// A load of a directory of the first SofaDB: its visible entries come in key order and go straight to the tables.
struct SofaGoLoad {
  private let load: BulkLoad

  init(_ load: BulkLoad) { self.load = load }

  func run() throws(DatabaseError) -> BulkLoadReport {
    guard load.inputs.count == 1, case .path(let path) = load.inputs[0] else {
      throw DatabaseError(.invalid, "one directory can be loaded at a time")
    }
    let source = try SofaGoDirectory(load.fileSystem.readableDirectory(at: path))
    guard source.hasLog || !source.tables.isEmpty else {
      throw DatabaseError(.notFound, file: path, "there are no files of the Go SofaDB in it")
    }
    let family = TableProduction.Family(name: load.options.family, order: load.options.table.order)
    let destination = try LoadDestination(load.output, options: load.options, families: [family], in: load.fileSystem)
    do throws(DatabaseError) {
      var report = BulkLoadReport()
      let product = try copy(source, path: path, to: destination, family, &report)
      let tables = try report.add([product], families: [family.name])
      try destination.commit(tables, lastSequence: 0, into: &report)
      return report
    } catch {
      destination.discard()
      throw error
    }
  }

  private func copy(
    _ source: SofaGoDirectory, path: String, to destination: LoadDestination, _ family: TableProduction.Family,
    _ report: inout BulkLoadReport
  ) throws(DatabaseError) -> TableProduction.Product {
    load.watch.begin(.writing, total: nil)
    let series = TableSeries(target: destination.targets([family], closer: nil)[0], family: 0, place: 0)
    let emitter = RowEmitter(
      sequences: .places(.error), family: ContentDigest.Family(name: family.name), series: series)
    var sorted = SortedRows(order: family.order, emitter: emitter)
    let cursor = try source.cursor()
    var key = ByteWriter()
    let trailer = InternalKey.trailer(0, EntryKind.value.rawValue)
    while try cursor.next() {
      report.rowsRead += 1
      let size = cursor.key.count + cursor.value.count
      report.bytesRead += UInt64(size)
      key.removeAll()
      key.append(cursor.key)
      let isInOrder = try sorted.add(key: key.bytes, trailer: trailer, value: cursor.value)
      guard isInOrder, sorted.emitter.conflict == nil else {
        throw DatabaseError(.corruption, file: path, "the entries of a table are not in ascending order")
      }
      if report.rowsRead & 1023 == 0 {
        guard load.watch.goesOn() else { break }
        load.watch.advance(size * 1024)
      }
    }
    try load.watch.check()
    try sorted.finish()
    for damage in cursor.damages {
      let error = DatabaseError(.corruption, file: damage.file, offset: damage.offset, "\(damage.reason)")
      guard damage.isTornTail || load.options.acceptsGaps else { throw error }
      report.remarks.append("\(error)")
    }
    if cursor.emptyValues > 0 {
      report.remarks.append(
        "\(cursor.emptyValues) entries have an empty value; the Go engine stored deletions like that")
    }
    return sorted.product
  }
}
