/// What a conversion would do with each table, found without writing anything.
struct ConvertPlan {
  struct Item {
    enum Decision {
      case convert
      /// It has the codec already.
      case keep
      case refuse(DatabaseError)
    }

    var job: TableConversions.Job
    var decision: Decision
    /// The codec that it has, in one word.
    var codec: String?
    /// About the size of the new table, in bytes: its present one, or that of its keys and values where they will no
    /// longer be compressed.
    var sizeAfter: UInt64
  }

  private(set) var items: [Item] = []

  /// Reads every table's head, and the codec of every block of those that seem to be done.
  init(_ jobs: [TableConversions.Job], to target: TranscodeTarget) throws(DatabaseError) {
    for job in jobs { items.append(try ConvertPlan.item(job, target)) }
  }

  private static func item(_ job: TableConversions.Job, _ target: TranscodeTarget) throws(DatabaseError) -> Item {
    var item = Item(job: job, decision: .convert, sizeAfter: job.size)
    do throws(DatabaseError) {
      let reader = try TableTranscoder.open(job.source.open(), size: job.size, largestSequence: job.largestSequence)
      item.codec = TableCodec.named(reader.properties)
      if item.codec == nil { item.codec = TableCodec.named(try TableCodec.sample(reader, count: 16)) }
      if try TableTranscoder(reader, to: target).isDone() { item.decision = .keep }
      if target.codec == .none, case .convert = item.decision {
        let raw = reader.properties.rawKeySize.addingReportingOverflow(reader.properties.rawValueSize)
        item.sizeAfter = max(job.size, raw.overflow ? .max : raw.partialValue)
      }
    } catch {
      guard error.kind == .unsupported || error.kind == .corruption else { throw error }
      item.decision = .refuse(error)
    }
    return item
  }

  /// Throws the first refusal.
  func check() throws(DatabaseError) {
    for item in items {
      if case .refuse(let error) = item.decision { throw error }
    }
  }

  /// About what new tables for `jobs` take, in bytes; those that are no part of the plan are copied.
  func space(for jobs: [TableConversions.Job]) -> UInt64 {
    let sizes = Dictionary(items.map { ($0.job.source.path, $0.sizeAfter) }) { first, _ in first }
    return jobs.reduce(0) { sum, job in
      let (total, isHuge) = sum.addingReportingOverflow(sizes[job.source.path] ?? job.size)
      return isHuge ? .max : total
    }
  }

  /// The plan as a report; sizes after are not known.
  var report: ConvertReport {
    var report = ConvertReport()
    for item in items {
      var table = ConvertReport.Table(
        name: item.job.source.path, family: item.job.family, level: item.job.level, action: .planned,
        codec: item.codec, sizeBefore: item.job.size, sizeAfter: item.job.size)
      switch item.decision {
      case .convert: break
      case .keep: table.action = .unchanged
      case .refuse(let error):
        table.action = .refused
        table.detail = error.offset.map { "at offset \($0): \(error.detail)" } ?? error.detail
      }
      report.tables.append(table)
    }
    return report
  }
}
