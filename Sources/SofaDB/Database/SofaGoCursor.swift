/// The visible entries of a Go SofaDB directory in ascending key order: for each key the log's final word, otherwise
/// the newest table's. One pass, for one thread.
public final class SofaGoCursor {
  /// Of the current entry.
  public private(set) var key: [UInt8] = []
  /// Of the current entry; borrowed until the next call of `next`.
  public private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Entries given so far.
  public private(set) var entries = 0
  /// Visible entries of tables with an empty value so far: values that are empty, or deletions.
  public private(set) var emptyValues = 0

  private let log: SofaGoLog?
  private let tables: [SofaGoTable]
  private let emptyMeansDeleted: Bool
  private var hasStarted = false

  init(log: SofaGoLog?, tables: [SofaGoTable], emptyMeansDeleted: Bool) {
    self.log = log
    self.tables = tables
    self.emptyMeansDeleted = emptyMeansDeleted
    taken = [Int](repeating: 0, count: tables.count + 1)
  }

  /// What was found wrong so far; complete after the last entry.
  public var damages: [SofaGoDamage] { (log?.damage.map { [$0] } ?? []) + tables.flatMap(\.damages) }

  /// Of the damages of the log and of each table, how many were taken.
  private var taken: [Int]

  /// What was found wrong since the last call.
  func takeDamages() -> [SofaGoDamage] {
    var new: [SofaGoDamage] = []
    if let damage = log?.damage, taken[tables.count] == 0 {
      taken[tables.count] = 1
      new.append(damage)
    }
    for (index, table) in tables.enumerated() where table.damages.count > taken[index] {
      new += table.damages[taken[index]...]
      taken[index] = table.damages.count
    }
    return new
  }

  /// Steps to the next visible entry; false at the end. Throws what reading the files throws.
  public func next() throws(DatabaseError) -> Bool {
    if !hasStarted {
      hasStarted = true
      for table in tables { try table.advance() }
    } else {
      try leave()
    }
    while let newest = try choose() {
      switch newest {
      case .log(let log):
        if !log.isDeletion {
          value = try log.value()
          entries += 1
          return true
        }
      case .table(let table):
        if table.isValueEmpty { emptyValues += 1 }
        if !table.isValueEmpty || !emptyMeansDeleted {
          value = try table.value()
          entries += 1
          return true
        }
      }
      try leave()
    }
    return false
  }

  private enum Source {
    case log(SofaGoLog)
    case table(SofaGoTable)
  }

  /// The newest source of the smallest key, which becomes the current one.
  private func choose() throws(DatabaseError) -> Source? {
    var source: Source?
    if let log, log.isValid {
      key = log.key
      source = .log(log)
    }
    for table in tables where table.isValid {
      let candidate = try table.key()
      let isSmaller = source == nil || key.withUnsafeBytes { KeyOrder.bytewise(candidate, $0) < 0 }
      if isSmaller {
        key = [UInt8](candidate)
        source = .table(table)
      }
    }
    return source
  }

  /// Steps every source behind the current key.
  private func leave() throws(DatabaseError) {
    if let log, log.isValid, log.key == key { log.advance() }
    for table in tables where table.isValid {
      let candidate = try table.key()
      if key.withUnsafeBytes({ KeyOrder.bytewise(candidate, $0) == 0 }) { try table.advance() }
    }
  }
}
