@testable import SofaDB

/// What readers should see of a database whose every write is known.
extension LivedDatabase {
  /// Whether a write of a family is not there.
  typealias Loss = (Family, SequenceNumber) -> Bool

  /// What readers see without the writes that `isLost` names, and without `lostBlobs`, whose values cannot be read.
  func contents(
    without isLost: Loss = { _, _ in false }, lostBlobs: Set<UInt64> = []
  ) -> BrokenDatabase.Contents {
    var contents: BrokenDatabase.Contents = [:]
    for family in families.values {
      var model = HistoryModel(family.order, .stringAppend(delimiter: [0x2C]))
      model.entries = family.writes.filter { !isLost(family, $0.sequence) }
      model.tombstones = family.tombstones.filter { !isLost(family, $0.sequence) }
      if !lostBlobs.isEmpty {
        for index in model.entries.indices {
          guard let blob = blobs[model.entries[index].sequence], lostBlobs.contains(blob) else { continue }
          model.entries[index].kind = .blobIndex
        }
      }
      var visible: [[UInt8]: [UInt8]] = [:]
      for (key, shown) in model.view(at: .maximum) {
        switch shown {
        case .value(let value): visible[key] = value
        case .stored: visible[key] = BrokenDatabase.unreadable
        default: continue
        }
      }
      contents[family.column.name] = visible
    }
    return contents
  }

  /// What readers should see after a repair: all writes but those that no file had any more, those in logs that the
  /// repair says are lost by their sequence numbers, and the values in blob files that it says are lost.
  func contents(after plan: RepairPlan, unseen: Loss) -> BrokenDatabase.Contents {
    let lostNumbers = plan.losses.compactMap(\.lostLogNumbers)
    let lostBlobs = plan.losses.filter { $0.kind == .blobs }.compactMap { DatabaseFile(name: $0.file).number }
    return contents(
      without: { family, sequence in
        let isTold = sequence > family.flushed && lostNumbers.contains { $0.contains(sequence) }
        return isTold || unseen(family, sequence)
      }, lostBlobs: Set(lostBlobs))
  }
}

extension LivedDatabase.Family {
  var lastWrite: SequenceNumber { max(writes.last?.sequence ?? 0, tombstones.last?.sequence ?? 0) }
}

extension RepairLoss {
  /// Of a loss of log records that names no keys.
  var lostLogNumbers: ClosedRange<SequenceNumber>? {
    guard kind == .logRecords, after == nil, before == nil else { return nil }
    return (firstSequence ?? 0)...(lastSequence ?? .maximum)
  }
}
