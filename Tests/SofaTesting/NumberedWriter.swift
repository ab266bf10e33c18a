/// Several threads that write numbered batches to a database whose buffers are tiny, so that flushes and compactions
/// never end, until the process is killed.
import Foundation
public import SofaDB

public struct NumberedWriter: Sendable {
  public static let threads = 4

  private let setting: Int

  public init(setting: Int) { self.setting = setting }

  public var options: DatabaseOptions {
    var options = DatabaseOptions()
    options.createsMissingFamilies = true
    options.backgroundThreads = setting % 4 == 3 ? 0 : 2
    options.subcompactions = 1
    options.manifestBytes = setting % 2 == 0 ? 2 << 10 : 64 << 20
    options.maxLogBytes = setting % 3 == 0 ? 16 << 10 : nil
    options.verifiesOutputs = setting % 2 == 1
    options.maxOpenTables = 16
    options.familyDefaults = family
    return options
  }

  public var families: [String: FamilyOptions] {
    var families: [String: FamilyOptions] = [:]
    for name in NumberedWrites.families { families[name] = family }
    return families
  }

  private var family: FamilyOptions {
    var family = FamilyOptions()
    family.mergeOperator = .stringAppend(delimiter: [0x2C])
    family.writeBufferBytes = [8 << 10, 16 << 10, 64 << 10, 1 << 20][setting / 2 % 4]
    family.compaction.style = setting % 3 == 2 ? .universal : .leveled
    family.compaction.level0Trigger = 2
    family.compaction.baseLevelBytes = 16 << 10
    family.compaction.levelMultiplier = 2
    family.compaction.targetFileSize = 8 << 10
    family.tables.blockSize = 512
    return family
  }

  /// What families are for a model.
  public static var model: PeerModel {
    let family = PeerModel.Family(order: .bytewise, mergeOperator: .stringAppend(delimiter: [0x2C]))
    return PeerModel(Dictionary(uniqueKeysWithValues: NumberedWrites.families.map { ($0, family) }))
  }

  /// Goes on from what the database holds. Ends only when something fails.
  public func run(_ path: String, progress: String) -> Never {
    // Whoever should kill it may have died.
    alarm(60)
    do {
      let progress = try WriterProgress(progress)
      let database = try Database.open(path, options: options, families: families)
      var last: [UInt64] = []
      for thread in 0..<NumberedWriter.threads {
        let value = try database.get(NumberedWrites(thread: thread).counterKey)
        last.append(value.flatMap { NumberedWrites.numbers($0).first } ?? 0)
        progress.begin(thread, last[thread])
        progress.acknowledge(thread, last[thread])
      }
      for thread in 0..<NumberedWriter.threads {
        Thread.detachNewThread { [last] in
          do {
            try write(database, progress, thread, after: last[thread])
          } catch { NumberedWriter.stop(error) }
        }
      }
      progress.isReady = true
      while true { sleep(60) }
    } catch { NumberedWriter.stop(error) }
  }

  private static func stop(_ error: any Error) -> Never {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
  }

  private func write(_ database: Database, _ progress: WriterProgress, _ thread: Int, after last: UInt64) throws {
    let writes = NumberedWrites(thread: thread)
    let ids = Dictionary(uniqueKeysWithValues: database.families.map { ($0.name, $0.id) })
    var number = last
    while true {
      number += 1
      let seen = (0..<NumberedWriter.threads).map { progress.acknowledged($0) }
      var batch = WriteBatch()
      try batch.put(writes.counterKey, NumberedWrites.bytes([number] + seen))
      var family: UInt32 = 0
      for operation in writes.operations(number) {
        switch operation {
        case .family(let name): family = ids[name] ?? 0
        case .put(let key, let value): try batch.put(key, value, family: family)
        case .delete(let key): try batch.delete(key, family: family)
        case .deleteRange(let begin, let end): try batch.deleteRange(begin, end, family: family)
        case .merge(let key, let operand): try batch.merge(key, operand, family: family)
        default: break
        }
      }
      progress.begin(thread, number)
      try database.write(&batch, WriteOptions(sync: number % 16 == UInt64(thread)))
      progress.acknowledge(thread, number)
      if thread == 0, number % 500 == 499 { try database.flush() }
    }
  }
}
