/// The text of an `OPTIONS` file, as RocksDB reads it; see `OptionsFile` for the layout.
///
/// What a file said before and nobody sets anew is kept, and so is the version that it is labelled with: RocksDB takes
/// an option that it does not know for an error, unless a newer RocksDB wrote the file.
struct OptionsWriter {
  /// One family: its section, and that of its block-based tables.
  struct Family {
    var name: String
    var options: [String: String]
    var tableOptions: [String: String]
  }

  /// The oldest RocksDB that reads what SofaDB writes, and knows all options that are written here.
  static let oldestVersion = "6.6.0"

  /// Options of the former file that others which are always written would contradict.
  private static let superseded: Set = ["compression_per_level", "max_bytes_for_level_multiplier_additional"]

  /// Logs are in the directory of the database, wherever they were before.
  private static let supersededOfDatabase: Set = ["wal_dir"]

  var database: [String: String]
  /// `default` first.
  var families: [Family]
  /// What is kept where nothing is set.
  var former: OptionsFile?

  var text: String {
    var text = "# Written by SofaDB, for RocksDB and its tools.\n\n[Version]\n"
    text += "  rocksdb_version=\(version)\n  options_file_version=1.1\n\n[DBOptions]\n"
    let old = (former?.database ?? [:]).filter { !OptionsWriter.supersededOfDatabase.contains($0.key) }
    text += OptionsWriter.lines(database, over: old)
    for family in families {
      let old = former?.family(named: family.name)
      let name = OptionsWriter.escaped(family.name)
      let kept = (old?.options ?? [:]).filter { !OptionsWriter.superseded.contains($0.key) }
      text += "\n[CFOptions \"\(name)\"]\n" + OptionsWriter.lines(family.options, over: kept)
      text += "\n[TableOptions/BlockBasedTable \"\(name)\"]\n"
      let isSameKind = old?.options["table_factory"] ?? "BlockBasedTable" == "BlockBasedTable"
      text += OptionsWriter.lines(family.tableOptions, over: isSameKind ? old?.tableOptions ?? [:] : [:])
    }
    return text
  }

  /// What a reader makes of it.
  var file: OptionsFile {
    var bytes = ByteWriter()
    bytes.append(utf8: text)
    return OptionsFile(parsing: bytes.bytes)
  }

  /// Writes the file `number` under a temporary name, syncs it, and gives it its own. When it throws, nothing but
  /// perhaps the temporary file is left. The name is durable after the directory's next sync; a crash before leaves the
  /// former file the newest.
  func write(_ number: UInt64, in directory: any Directory) throws(DatabaseError) {
    guard text.utf8.count <= OptionsFile.sizeLimit else {
      throw DatabaseError(.invalid, "the options of so many families fill no file that would be read again")
    }
    let temporary = DatabaseFile.temporaryOptions(number).name
    let file = try directory.create(temporary)
    do throws(DatabaseError) {
      do throws(DatabaseError) {
        var bytes = ByteWriter()
        bytes.append(utf8: text)
        try file.append(bytes.bytes)
        try file.sync()
      } catch {
        do throws(DatabaseError) { try file.close() } catch { /* The first error says more. */  }
        throw error
      }
      try file.close()
      try directory.rename(temporary, to: DatabaseFile.options(number).name, replacing: true)
    } catch {
      do throws(DatabaseError) { try directory.remove(temporary) } catch { /* Garbage, which is collected later. */  }
      throw error
    }
  }

  /// Three numbers, or RocksDB refuses the file.
  private var version: String {
    guard let stated = former?.engineVersion else { return OptionsWriter.oldestVersion }
    let parts = stated.split(separator: ".", omittingEmptySubsequences: false)
    let isVersion = parts.count == 3 && parts.allSatisfy { (1...4).contains($0.utf8.count) && Int($0) != nil }
    return isVersion ? stated : OptionsWriter.oldestVersion
  }

  private static func lines(_ new: [String: String], over old: [String: String]) -> String {
    let all = old.merging(new) { $1 }
    return all.keys.sorted().filter(isName).map { "  \($0)=\(escaped(all[$0] ?? ""))\n" }.joined()
  }

  /// Whether it can stand before an equals sign: former files may hold anything.
  private static func isName(_ key: String) -> Bool {
    !key.isEmpty
      && key.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      }
  }

  /// Source: RocksDB's `EscapeOptionString`.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\\", "#", ":": result += "\\\(scalar)"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
