/// The log that writes go to before they are in a memtable.
///
/// Invariant: a log is synced whole before the next one gets its first record, so that what a crash leaves of all logs
/// is a prefix of what was written to them.
final class WriteAheadLog {
  let number: UInt64
  private let directory: any Directory
  private let writer: LogWriter
  private var isNameDurable = false
  private var isDirty = false
  /// Of a sync; later ones may lie.
  private var failure: DatabaseError?

  init(_ number: UInt64, in directory: any Directory) throws(DatabaseError) {
    self.number = number
    self.directory = directory
    writer = LogWriter(file: try directory.createLog(DatabaseFile.log(number).name))
  }

  /// Bytes so far.
  var size: UInt64 { writer.size }

  func append(_ record: UnsafeRawBufferPointer) throws(DatabaseError) {
    if !Mutant.laterWritesNotSynced.isOn || !isNameDurable { isDirty = true }
    try writer.append(record)
  }

  /// Makes all records durable.
  func sync() throws(DatabaseError) {
    if let failure { throw failure }
    do throws(DatabaseError) {
      if isDirty {
        try writer.sync()
        isDirty = false
      }
      if !isNameDurable {
        try directory.sync()
        isNameDurable = true
      }
    } catch {
      failure = error
      throw error
    }
  }

  /// After the last record.
  func close() throws(DatabaseError) {
    if size > 0, !Mutant.oldLogNotSynced.isOn { try sync() }
    try writer.file.close()
  }

  /// After a failure: nothing more is made of it.
  func abandon() {
    do throws(DatabaseError) { try writer.file.close() } catch { /* What failed before says more. */  }
  }
}
