internal import Glibc

/// The time of day, for records that people read. Nothing is decided by it: it may go backwards.
public enum WallClock {
  /// Seconds since 1970-01-01T00:00:00Z.
  public static var seconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(max(0, time.tv_sec))
  }
}
