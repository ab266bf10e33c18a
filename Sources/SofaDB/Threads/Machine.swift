internal import Glibc

/// What this process may use of the machine it runs on.
public enum Machine {
  /// Bytes of memory in all; nil when the system does not say.
  public static var memory: Int? {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let size = sysconf(Int32(_SC_PAGESIZE))
    return pages > 0 && size > 0 ? pages.multipliedReportingOverflow(by: size).partialValue : nil
  }
}
