internal import Synchronization

/// Where a table comes from, as RocksDB records it in three properties (RocksDB's `table/unique_id.cc`):
///
///     rocksdb.creating.db.identity        the database; a text, usually a UUID
///     rocksdb.creating.session.identity   one opening of it: 20 digits of base 36
///     rocksdb.original.file.number        the table's number in that session, not 0
///
/// RocksDB makes a table's unique id of them, and the keys of its blocks in a block cache. Of tables that name no
/// session or number, `VerifyChecksum` and readers without a database take all blocks at one offset for the same. So
/// no two tables that differ may have the same origin: a table that is written anew gets a new one.
public struct TableOrigin: Sendable, Equatable {
  /// Stands for the database in tables that are made for ingestion, as in RocksDB's own.
  static let externalDatabase = "SST Writer"

  /// Empty where the database has no name.
  public let databaseID: String
  /// 20 of the characters 0-9 and A-Z.
  public let session: String
  /// 0 for the session as a whole; such an origin is not stored.
  public private(set) var fileNumber: UInt64 = 0

  /// A session by its number. RocksDB reads 103 bits of the digits; of `upper` the low 39 bits are taken.
  public init(databaseID: String, upper: UInt64, lower: UInt64) {
    self.databaseID = databaseID
    session =
      TableOrigin.digits(8, (upper << 25) >> 23 | lower >> 62) + TableOrigin.digits(12, lower & (.max >> 2))
  }

  private static func digits(_ count: Int, _ number: UInt64) -> String {
    let text = String(number, radix: 36, uppercase: true)
    return String(repeating: "0", count: count - text.utf8.count) + text
  }

  /// Random, once a process; sessions are counted from there, so no two of a process can be the same.
  private static let base = (upper: UInt64.random(in: 0...UInt64.max), lower: UInt64.random(in: 0...UInt64.max))
  private static let sessions = Atomic<UInt64>(0)

  /// A new session, for one opening of a database or one operation. Any thread.
  public static func newSession(of databaseID: String) -> TableOrigin {
    let count = sessions.wrappingAdd(1, ordering: .relaxed).oldValue
    // RocksDB takes an id of zeros for none.
    let lower = base.lower ^ count
    if lower == 0 { return newSession(of: databaseID) }
    return TableOrigin(databaseID: databaseID, upper: base.upper, lower: lower)
  }

  /// The origin of a table of the session. `number`: not 0, and no other table's.
  public func table(_ number: UInt64) -> TableOrigin {
    var origin = self
    origin.fileNumber = number
    return origin
  }

  /// Stores it in the place of what `properties` say.
  func store(in properties: inout TableProperties) {
    properties.set(.hostIdentity, nil as String?)
    properties.set(.databaseIdentity, databaseID.isEmpty ? nil : databaseID)
    properties.set(.sessionIdentity, session)
    properties.set(.originalFileNumber, fileNumber)
  }
}

extension TableOptions {
  /// For the table `number` of the session.
  func numbered(_ number: UInt64) -> TableOptions {
    var options = self
    options.origin = origin?.table(number)
    return options
  }
}
