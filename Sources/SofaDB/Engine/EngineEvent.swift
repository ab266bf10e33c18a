/// Something that an open database did or met.
public enum EngineEvent: Sendable {
  /// A memtable became a table; nil when nothing of it was worth keeping.
  case flushed(family: String, table: UInt64?, bytes: UInt64)
  /// Tables were merged into others. `level`: where these are; `bytesRead` and `bytesWritten`: of whole tables.
  case compacted(
    family: String, reason: String, inputs: Int, outputs: Int, level: Int, bytesRead: UInt64, bytesWritten: UInt64)
  /// Tables were put into `level` as they are.
  case moved(family: String, tables: Int, level: Int)
  /// Tables of others became part of the family.
  case ingested(family: String, tables: Int)
  /// A log was damaged or cut when the database was opened, and what was behind was left out.
  case recovered(log: String, detail: String)
  /// Writers wait, or are slowed down, from now on; or no longer.
  case writersHeld(WriteHold)
  /// Work in the background failed; writes end with this error until `resume`.
  case failed(DatabaseError)
  /// Writing goes on after a failure.
  case resumed
  /// The file that records the options could not be written; the former one stays.
  case optionsNotWritten(DatabaseError)
  /// A file that is no longer needed could not be removed; it is tried again later.
  case fileRemains(name: String, error: DatabaseError)
}
