/// The files of a directory that no state of the database needs, and their removal.
///
/// 1. The directory is listed first, then the caller says what is needed. Whatever is listed and was being written is
///    still `pending` then, or in the version, or given up: a file that is installed meanwhile is never taken for one
///    that nobody needs.
/// 2. What the current version names stays, whatever else the caller says: its tables and blob files, and the logs that
///    a recovery would replay over it.
/// 3. Only files whose names are an engine's go. Directories, links, LOCK, IDENTITY, CURRENT, the logs for people and
///    names that nobody knows stay.
/// 4. A MANIFEST or a temporary file goes when its number is below that of the current MANIFEST: the next one is
///    perhaps being written.
struct ObsoleteFiles {
  /// What is needed when the list is judged.
  struct Needed {
    /// Current: durable, and what CURRENT leads to.
    var version: Version
    var manifestNumber: UInt64
    /// Of versions that readers still hold, besides the current one.
    var tables: Set<UInt64> = []
    var blobFiles: Set<UInt64> = []
    /// Logs that are kept though no recovery would replay them.
    var logs: Set<UInt64> = []
    /// Numbers of the files that are being written, from before they are created until an install or until they are
    /// given up.
    var pending: Set<UInt64> = []
    /// After a failure of the MANIFEST the state on disk is not known: everything stays.
    var isUnknown = false
    /// RocksDB's option `allow_2pc`.
    var twoPhaseCommit = false
  }

  struct Removal {
    var removed: [DatabaseFile] = []
    /// Still there, with why. They are found again by the next listing.
    var failed: [(file: DatabaseFile, error: DatabaseError)] = []
    /// Obsolete files that were not tried, beyond the limit.
    var left = 0
  }

  /// How many OPTIONS files are kept, the newest; as RocksDB does.
  static let keptOptions = 2

  private let directory: any Directory
  private let files: [DatabaseFile]

  /// Lists `directory`.
  init(in directory: any Directory) throws(DatabaseError) {
    self.directory = directory
    files = try directory.entries().compactMap { entry in
      let file = DatabaseFile(name: entry.name)
      // 12.sst is no engine's name for table 12.
      return entry.kind == .file && file.name == entry.name ? file : nil
    }
  }

  /// What was listed and is not needed, by name.
  func obsolete(_ needed: Needed) -> [DatabaseFile] {
    guard !needed.isUnknown else { return [] }
    let tables = needed.tables.union(needed.version.families.lazy.flatMap(\.tables).map(\.number))
    let blobFiles = needed.blobFiles.union(needed.version.blobFiles.lazy.map(\.number))
    let logs = Set(logs(needed)).subtracting(needed.logs)
    let options = Set(optionsNumbers.sorted().suffix(ObsoleteFiles.keptOptions))
    let obsolete = files.filter { file in
      guard let number = file.number, !needed.pending.contains(number) else { return false }
      switch file {
      case .table: return !tables.contains(number)
      case .blob: return !blobFiles.contains(number)
      case .log: return logs.contains(number)
      case .manifest: return number < needed.manifestNumber
      case .temporary: return number <= needed.manifestNumber
      case .options: return !options.contains(number)
      case .temporaryOptions: return true
      default: return false
      }
    }
    return obsolete.sorted { $0.name < $1.name }
  }

  /// Removes at most `limit` obsolete files. What cannot be removed is reported, and does no harm.
  func remove(keeping needed: Needed, limit: Int = .max) -> Removal {
    var removal = Removal()
    let obsolete = obsolete(needed)
    removal.left = max(0, obsolete.count - limit)
    for file in obsolete.prefix(limit) {
      do throws(DatabaseError) {
        try directory.remove(file.name)
        removal.removed.append(file)
      } catch {
        if error.kind == .notFound { removal.removed.append(file) } else { removal.failed.append((file, error)) }
      }
    }
    return removal
  }

  private var optionsNumbers: [UInt64] {
    files.compactMap { file in if case .options(let number) = file { number } else { nil } }
  }

  private func logs(_ needed: Needed) -> [UInt64] {
    let present = files.compactMap { file in if case .log(let number) = file { number } else { nil } }
    return LogSelection(needed.version, present: present, twoPhaseCommit: needed.twoPhaseCommit).obsolete
  }
}
