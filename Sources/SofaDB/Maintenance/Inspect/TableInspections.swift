internal import Synchronization

/// Looks at many tables, several at once; results keep the order of the tables.
enum TableInspections {
  /// Tables whose blocks are looked at although their properties name a codec: so many, spread over all.
  private static let sampledTables = 256

  /// `isCancelled` is asked between tables; true ends the run with `cancelled`.
  static func run(
    _ places: [TableInspection.Place], in directory: any ReadableDirectory, jobs: Int,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(DatabaseError) -> (tables: [InspectedTable], findings: [Finding]) {
    let results = Mutex<[Int: TableInspection]>([:])
    let next = Atomic<Int>(0)
    let stopped = Atomic<Bool>(false)
    let stride = max(1, (places.count + sampledTables - 1) / sampledTables)
    Workers.run(max(1, min(jobs, places.count))) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < places.count, !stopped.load(ordering: .relaxed) else { return }
        if isCancelled() { return stopped.store(true, ordering: .relaxed) }
        var place = places[index]
        place.isSampled = index % stride == 0
        let inspection = TableInspection(place, in: directory)
        results.withLock { $0[index] = inspection }
      }
    }
    if stopped.load(ordering: .relaxed) { throw DatabaseError(.cancelled, "interrupted") }
    let done = results.withLock { found in places.indices.compactMap { found[$0] } }
    return (done.map(\.table), done.flatMap(\.findings))
  }
}
