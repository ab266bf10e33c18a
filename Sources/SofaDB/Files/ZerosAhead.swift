/// When a log that is synced often has zeros written ahead of its end, and up to where.
///
/// A sync of a file that has grown must make its new size durable too, through the file system's journal, which takes
/// as long as the write itself. Bytes that replace zeros of a durable file leave nothing but themselves to sync. A log
/// may end in zeros: its readers take them for its end.
///
/// Pages of one file reach the device in any order. Where a file only grows, what is behind a lost page is mostly lost
/// too; in zeros a later record may survive an earlier one. Zeros are therefore kept only while every append is synced
/// before the next: what a crash can tear is one append, which nobody was promised. At the first append that is not,
/// the file is synced and cut to its true length, and the more often that happens the longer the zeros stay away.
public struct ZerosAhead: Sendable {
  /// Up to so many bytes between two syncs are little data.
  public static let little = 32 << 10

  private static let mostWanted = 64

  /// Where the file ends, when that is behind its last record; 0 otherwise.
  public private(set) var end: UInt64 = 0
  /// Bytes written ahead at once.
  private let length: UInt64
  /// Appends since the last sync.
  private var appends = 0
  /// Syncs in a row with one append of little data before each.
  private var calm = 0
  /// How many of them it takes.
  private var wanted = 2

  public init(length: UInt64 = 512 << 10) {
    self.length = length
  }

  /// Whether the file has to be synced and cut before `count` bytes are appended.
  public func isInTheWay(of count: Int) -> Bool { end > 0 && (appends > 0 || count > ZerosAhead.little) }

  public mutating func didCut() {
    end = 0
    appends = 0
    calm = 0
    wanted = min(wanted * 2, ZerosAhead.mostWanted)
  }

  /// To be told of `count` bytes that made the file `size` long. Returns where zeros should reach from there; nil when
  /// none are needed.
  public mutating func didAppend(_ count: Int, size: UInt64) -> UInt64? {
    appends += 1
    if appends > 1 || count > ZerosAhead.little { calm = 0 }
    guard size >= end else { return nil }
    end = 0
    return calm >= wanted ? size + length : nil
  }

  /// Zeros reach from the `size` of what was appended to `end`.
  public mutating func didReserve(from size: UInt64, to end: UInt64) { self.end = end > size ? end : 0 }

  public mutating func didSync() {
    if appends == 1 { calm += 1 }
    appends = 0
  }
}
