/// What tables would become with other codecs, measured on a sample of their blocks.
public struct CompressionEstimate: Sendable {
  /// A value and the ends of its 95 % confidence interval.
  public struct Interval: Sendable {
    public var value: Double
    public var low: Double
    public var high: Double
  }

  public struct Row: Sendable {
    public var target: TranscodeTarget
    /// Uncompressed bytes of data for a stored one; trailers count as stored.
    public var ratio: Interval
    /// Uncompressed bytes a second on one thread; 0 for `none`.
    public var compressRate: Double
    public var decompressRate: Double
    /// Bytes of all tables.
    public var size: Interval
    /// Seconds for the conversion of all tables with the threads that were asked for, reading back included; the disk
    /// may need more.
    public var seconds: Double
  }

  public var tables = 0
  /// Bytes of all files.
  public var fileBytes: UInt64 = 0
  /// Stored bytes of data blocks, trailers included; estimated where tables were left out of the sample.
  public var dataBytes: UInt64 = 0
  /// Uncompressed, estimated.
  public var rawBytes: UInt64 = 0
  public var sampledTables = 0
  public var sampledBlocks = 0
  public var sampledBytes: UInt64 = 0
  /// The tables as they are; its compress rate is 0.
  public var present: Row
  public var rows: [Row] = []
  /// Tables that could not be read, with the reason.
  public var refused: [(name: String, detail: String)] = []

  init() {
    let nothing = Interval(value: 0, low: 0, high: 0)
    present = Row(
      target: TranscodeTarget(codec: .none), ratio: nothing, compressRate: 0, decompressRate: 0, size: nothing,
      seconds: 0)
  }
}
