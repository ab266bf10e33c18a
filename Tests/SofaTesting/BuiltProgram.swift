/// Programs that were built with the tests, beside the binary that these are in.
import Foundation

public enum BuiltProgram {
  /// The path of one; nil where only the tests were built.
  public static func path(_ name: String) -> String? {
    guard let maps = FileManager.default.contents(atPath: "/proc/self/maps") else { return nil }
    // The image that this code is in.
    let own = UInt(bitPattern: #dsohandle)
    for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 5)
      let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard words.count == 6, bounds.count == 2, bounds[0] <= own, own < bounds[1] else { continue }
      let image = URL(fileURLWithPath: words[5].trimmingCharacters(in: .whitespaces))
      let program = image.deletingLastPathComponent().appendingPathComponent(name).path
      return FileManager.default.isExecutableFile(atPath: program) ? program : nil
    }
    return nil
  }
}
