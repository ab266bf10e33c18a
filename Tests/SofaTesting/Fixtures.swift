/// Where the files that tests compare with live: `Tests/Fixtures` beside this folder, found through the path of this
/// source, so that nothing is copied into bundles.
public enum Fixtures {
  /// The absolute path of `Tests/Fixtures`.
  public static let path: String = {
    let source = "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false)
    return source.dropLast(2).joined(separator: "/") + "/Fixtures"
  }()

  /// The absolute path of something in it, such as "vectors/crc32c.json".
  public static func path(_ name: String) -> String { path + "/" + name }
}
