/// What a compaction made of its inputs. Nothing is committed yet.
public struct CompactionResult: Sendable {
  /// In the order of their keys; none when nothing is left.
  public internal(set) var outputs: [CompactionOutput] = []
  /// Point entries of the inputs.
  public internal(set) var entriesRead: UInt64 = 0
  /// Point entries of the outputs.
  public internal(set) var entriesWritten: UInt64 = 0
  public internal(set) var rangeTombstonesRead: UInt64 = 0
  public internal(set) var rangeTombstonesWritten: UInt64 = 0
  /// Bytes of the input files.
  public internal(set) var inputSize: UInt64 = 0
  /// Values in blob files that no entry refers to any more, by file number.
  public internal(set) var blobGarbage: [UInt64: BlobGarbage] = [:]

  public struct BlobGarbage: Sendable, Equatable {
    public var count: UInt64 = 0
    /// Record headers and keys included, as RocksDB counts.
    public var bytes: UInt64 = 0
  }

  /// Bytes of the output files.
  public var outputSize: UInt64 { outputs.reduce(0) { $0 + $1.summary.fileSize } }
}
