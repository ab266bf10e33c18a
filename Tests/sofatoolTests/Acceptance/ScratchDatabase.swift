/// A writable copy of a fixture, or an empty folder, to be damaged on purpose. `path` is the database; other files can
/// be put beside it.
import Foundation
import SofaTesting

final class ScratchDatabase {
  private let scratch: TemporaryDirectory
  let path: String
  /// The folder that holds the database alone.
  var folder: String { scratch.path }

  /// A copy of `Tests/Fixtures/databases/<fixture>/db`; nil: nothing at `path` yet.
  init(_ fixture: String? = nil) throws {
    scratch = try TemporaryDirectory()
    path = scratch.path + "/db"
    guard let fixture else { return }
    try FileManager.default.copyItem(atPath: Fixtures.path("databases/\(fixture)/db"), toPath: path)
  }

  func file(_ name: String) -> String { path + "/" + name }
  func beside(_ name: String) -> String { folder + "/" + name }

  func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  func flip(_ name: String, at offset: Int, _ mask: UInt8 = 1) throws {
    var all = try bytes(name)
    all[offset] ^= mask
    try write(name, all)
  }

  /// Keeps the first `length` bytes; a negative length is cut off the end.
  func cut(_ name: String, to length: Int) throws {
    let all = try bytes(name)
    try write(name, Array(all.prefix(length >= 0 ? length : all.count + length)))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

  func makePipe(_ name: String) throws {
    if FileManager.default.fileExists(atPath: file(name)) { try remove(name) }
    guard mkfifo(file(name), 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  /// Moves a file out of the database and leaves a symbolic link.
  func makeLink(_ name: String) throws {
    try FileManager.default.moveItem(atPath: file(name), toPath: beside(name))
    try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: "../" + name)
  }

  func makeLink(_ name: String, to target: String) throws {
    if FileManager.default.fileExists(atPath: file(name)) { try remove(name) }
    try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: target)
  }

  /// Names, kinds, sizes, times and contents of everything in the folder.
  func picture() throws -> [String] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    return try ([""] + paths).map { path in
      let whole = folder + "/" + path
      let attributes = try FileManager.default.attributesOfItem(atPath: whole)
      let kind = attributes[.type] as? FileAttributeType
      let hash = kind == .typeRegular ? try Data(contentsOf: URL(fileURLWithPath: whole)).hashValue : 0
      let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
      return "\(path) \(kind?.rawValue ?? "") \(attributes[.size] ?? 0) \(time) \(attributes[.posixPermissions] ?? 0) "
        + "\(hash)"
    }
  }

  /// Takes the right to write from everything in the database; `false` gives it back.
  func setReadOnly(_ isReadOnly: Bool) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      try FileManager.default.setAttributes([.posixPermissions: isReadOnly ? 0o444 : 0o644], ofItemAtPath: file(name))
    }
    try FileManager.default.setAttributes([.posixPermissions: isReadOnly ? 0o555 : 0o755], ofItemAtPath: path)
  }
}
