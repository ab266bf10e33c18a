/// A fresh directory on the real disk, removed with all it holds when the last reference goes.
import Foundation

public final class TemporaryDirectory: Sendable {
  public let path: String

  /// `inMemory`: where the machine has a file system in memory, in which syncs cost nothing.
  public init(inMemory: Bool = false) throws {
    let memory = "/dev/shm/"
    let isThere = inMemory && access(memory, W_OK | X_OK) == 0
    var template = Array(((isThere ? memory : NSTemporaryDirectory()) + "sofadb-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      print("\(path) was not removed: \(error)")
    }
  }
}
