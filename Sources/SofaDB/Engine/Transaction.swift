/// Reads and writes that take effect together, or not at all, as if nobody else had written in between: snapshot
/// isolation, optimistic. Reads see the database as it was when the transaction began, and the transaction's own
/// writes. Nothing is locked: `commit` throws `conflict`, and changes nothing, when somebody else has since written a
/// key that the transaction writes or has read by `getForUpdate`; the first to commit wins.
///
///     let transaction = database.transaction()
///     let count = try transaction.getForUpdate(key) ?? [0]
///     try transaction.put(key, [count[0] + 1])
///     try transaction.commit()
///
/// Plain reads are not watched: two transactions that each read what the other writes may both commit (write skew).
/// Where that matters, read by `getForUpdate`, and the result is as if they had run one after the other.
///
/// One thread at a time. Memory: what is written, twice, and the names of watched keys.
public final class Transaction {
  private struct Place: Hashable {
    let family: UInt32
    let key: [UInt8]
  }

  /// What the transaction has made of a key.
  private enum Pending {
    case value([UInt8])
    case deleted
    /// Oldest first, onto what the database has.
    case operands([[UInt8]])
  }

  private let database: Database
  /// What its reads see, taken when it began.
  public let snapshot: Snapshot
  private var batch = WriteBatch()
  private var pending: [Place: Pending] = [:]
  private var watched: [Place: LiveFamily?] = [:]
  private var isOpen = true

  init(_ database: Database) {
    self.database = database
    snapshot = database.snapshot()
  }

  // MARK: Reading

  /// What the transaction sees of `key`.
  public func get(_ key: [UInt8], in family: LiveFamily? = nil) throws(DatabaseError) -> [UInt8]? {
    switch pending[Place(family: family?.id ?? 0, key: key)] {
    case .value(let value): return value
    case .deleted: return nil
    case nil: return try database.get(key, in: family, at: snapshot)
    case .operands(let operands):
      let base = try database.get(key, in: family, at: snapshot)
      return try combine(key, base: base, operands, family)
    }
  }

  /// As `get`, and `commit` fails when somebody else writes the key meanwhile.
  public func getForUpdate(_ key: [UInt8], in family: LiveFamily? = nil) throws(DatabaseError) -> [UInt8]? {
    watch(key, family)
    return try get(key, in: family)
  }

  // MARK: Writing

  /// Makes `value` the value of `key` at the commit, and for the reads of the transaction from now on. Throws `invalid`
  /// when a length leaves the range.
  public func put(_ key: [UInt8], _ value: [UInt8], in family: LiveFamily? = nil) throws(DatabaseError) {
    try batch.put(key, value, family: family?.id ?? 0)
    note(key, family, .value(value))
  }

  /// Removes `key` at the commit, whether or not it is there.
  public func delete(_ key: [UInt8], in family: LiveFamily? = nil) throws(DatabaseError) {
    try batch.delete(key, family: family?.id ?? 0)
    note(key, family, .deleted)
  }

  /// Hands `operand` to the merge operator of the family. Throws `invalid` when it has none for a value that this
  /// transaction has written.
  public func merge(_ key: [UInt8], _ operand: [UInt8], in family: LiveFamily? = nil) throws(DatabaseError) {
    let merged: Pending
    switch pending[Place(family: family?.id ?? 0, key: key)] {
    case nil: merged = .operands([operand])
    case .operands(let operands): merged = .operands(operands + [operand])
    case .value(let value): merged = .value(try combine(key, base: value, [operand], family))
    case .deleted: merged = .value(try combine(key, base: nil, [operand], family))
    }
    try batch.merge(key, operand, family: family?.id ?? 0)
    note(key, family, merged)
  }

  private func note(_ key: [UInt8], _ family: LiveFamily?, _ change: Pending) {
    pending[Place(family: family?.id ?? 0, key: key)] = change
    watch(key, family)
  }

  private func watch(_ key: [UInt8], _ family: LiveFamily?) {
    watched[Place(family: family?.id ?? 0, key: key)] = .some(family)
  }

  private func combine(
    _ key: [UInt8], base: [UInt8]?, _ operands: [[UInt8]], _ family: LiveFamily?
  ) throws(DatabaseError) -> [UInt8] {
    let options = try database.engine.live(family).options
    let bytes = base.map { ByteBuffer($0) }
    let name = ByteBuffer(key)
    defer { withExtendedLifetime((name, bytes)) {} }
    guard let result = try options.mergeOperator?.apply(key: name.bytes, base: bytes?.bytes, operands: operands) else {
      throw DatabaseError(.invalid, "the column family has no merge operator for these operands")
    }
    return result
  }

  // MARK: Ending

  /// Writes everything, or throws `conflict` and writes nothing. The transaction is over either way.
  public func commit(_ options: WriteOptions = WriteOptions()) throws(DatabaseError) {
    guard isOpen else { throw DatabaseError(.invalid, "the transaction is over") }
    isOpen = false
    if pending.isEmpty, watched.isEmpty { return }
    let engine = database.engine
    try engine.requireOpen()
    try engine.pipeline.exclusively { () throws(DatabaseError) in
      for (place, family) in watched {
        guard try engine.newestSequence(of: place.key, in: family) <= snapshot.sequence else {
          throw DatabaseError(.conflict, "another transaction has written a key of this one since it began")
        }
      }
      guard !batch.isEmpty else { return }
      try engine.writeAlone(batch.mutableBytes, count: batch.count, namesFamilies: batch.namesFamilies, options)
    }
  }

  /// Forgets everything. So does letting the transaction go.
  public func rollback() {
    isOpen = false
    batch.removeAll()
    pending = [:]
    watched = [:]
  }
}

extension Database {
  /// Begins a transaction.
  public func transaction() -> Transaction { Transaction(self) }
}
