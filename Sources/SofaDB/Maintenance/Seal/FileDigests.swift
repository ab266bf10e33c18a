internal import Synchronization

/// Collects the digests of the files of one database while `Verify` reads them. Safe to share between threads; serves
/// one run.
public final class FileDigests: Sendable {
  private let files = Mutex<[String: Seal.File]>([:])

  public init() {}

  /// What was collected, as a seal of the moment `created` (seconds since 1970).
  public func seal(created: UInt64) -> Seal { Seal(files.withLock { Array($0.values) }, created: created) }

  func add(_ name: String, _ file: DigestingFile) throws(DatabaseError) {
    let digest = try file.digest()
    files.withLock { $0[name] = Seal.File(name: name, size: file.size, digest: digest) }
  }

  /// Reads and adds a file that nobody else reads.
  func add(_ name: String, of directory: any ReadableDirectory) throws(DatabaseError) {
    try add(name, DigestingFile(directory.open(name)))
  }

  /// The files beside tables and blobs that do not change in place, and the live MANIFEST.
  func addFrame(of directory: any ReadableDirectory, manifest: String?) throws(DatabaseError) {
    for entry in try directory.entries() where entry.kind == .file {
      switch DatabaseFile(name: entry.name) {
      case .current, .identity, .options: try add(entry.name, of: directory)
      case .manifest where entry.name == manifest: try add(entry.name, of: directory)
      default: continue
      }
    }
  }

  subscript(name: String) -> Seal.File? { files.withLock { $0[name] } }

  var names: [String] { files.withLock { $0.keys.sorted() } }
}
