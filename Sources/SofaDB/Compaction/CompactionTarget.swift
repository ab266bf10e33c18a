/// Where the tables of a compaction go: a directory, which may be a stage, and numbers for them.
public struct CompactionTarget: Sendable {
  let directory: any Directory
  let suffix: DatabaseFile.TableSuffix
  let nextNumber: @Sendable () -> UInt64

  /// `nextNumber` gives a file number that nobody uses; it is called on several threads.
  public init(
    directory: any Directory, suffix: DatabaseFile.TableSuffix = .sst, nextNumber: @escaping @Sendable () -> UInt64
  ) {
    self.directory = directory
    self.suffix = suffix
    self.nextNumber = nextNumber
  }

  func name(_ number: UInt64) -> String { DatabaseFile.table(number, suffix).name }
}
