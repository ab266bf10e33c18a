import Foundation
import SofaTesting

@testable import SofaDB

/// A directory as an input describes it: names and packed files in turn, each a slice.
enum PackedDirectory {
  static func unpacked(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) -> MemoryDirectory {
    var input = FuzzInput(bytes)
    var files: [String: [UInt8]] = [:]
    while !input.isAtEnd, files.count < 64 {
      let name = String(decoding: input.slice(), as: UTF8.self)
      files[name] = try PackedFile.unpacked(input.slice())
    }
    return MemoryDirectory(files)
  }

  /// The directory at `path`, or nil when it does not fit. Info logs and identities are left out.
  static func packed(_ path: String, isGo: Bool = false) throws -> [UInt8]? {
    var packed: [UInt8] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
      let content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
      var file = PackedFile.packed(raw: content)
      // Damaged files stay as they are.
      do {
        switch DatabaseFile(name: name) {
        case _ where isGo: break
        case .manifest: file = try PackedFile.packed(log: content, plainOnly: true) ?? file
        case .log: file = try PackedFile.packed(log: content, plainOnly: false) ?? file
        case .table: file = try PackedFile.packed(table: content) ?? file
        case .infoLog, .identity, .lock: continue
        default: break
        }
      } catch {
        file = PackedFile.packed(raw: content)
      }
      guard let slice = FuzzInput.encoded(file), let prefix = FuzzInput.encoded(Array(name.utf8)) else { return nil }
      packed += prefix + slice
    }
    return packed
  }
}
