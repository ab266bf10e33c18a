import Foundation

/// The project's files as the checks see them: paths from the project's top, sorted.
struct SourceTree {
  let root: URL

  /// The tree that this file lies in.
  static let project = SourceTree(
    root: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent())

  struct File {
    let path: String
    let text: String

    /// `Sources/SofaDB/Table/Footer.swift` -> `["Sources", "SofaDB", "Table"]`.
    var folders: [String] { path.split(separator: "/").dropLast().map(String.init) }
    /// Without the folders and without `.swift`.
    var name: String { String((path.split(separator: "/").last ?? "").split(separator: ".").first ?? "") }
  }

  /// Every file below `folder` whose name ends so. Fixtures are other people's bytes.
  func files(below folder: String, ending suffixes: [String]) throws -> [File] {
    let top = root.appending(path: folder)
    guard let names = FileManager.default.enumerator(atPath: top.path) else { return [] }
    var files: [File] = []
    for case let name as String in names where suffixes.contains(where: name.hasSuffix) {
      guard !name.hasPrefix("Fixtures/"), !name.contains("/Fixtures/") else { continue }
      let text = try String(contentsOf: top.appending(path: name), encoding: .utf8)
      files.append(File(path: folder + "/" + name, text: text))
    }
    return files.sorted { $0.path < $1.path }
  }

  func swift(below folder: String) throws -> [SwiftSource] {
    try files(below: folder, ending: [".swift"]).map { SwiftSource($0) }
  }

  func text(_ path: String) throws -> String? {
    let url = root.appending(path: path)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    return try String(contentsOf: url, encoding: .utf8)
  }

  func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
