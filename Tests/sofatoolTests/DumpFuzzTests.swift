import Foundation
import SofaDB
import SofaTesting
import Testing

/// Whatever happens to a directory's bytes, every form of dump ends with a status of its contract. Museum H10: ordinary
/// damage made tools crash.
@Suite struct DumpFuzzTests {
  /// Small directories of every kind of file.
  private static let names = [
    "main-basic", "r783-wal", "r783-part-fv3", "r783-rangedel", "r783-entity", "r1075-u64ts", "l123-levels",
    "r783-dict-zstd-trained", "r783-blob", "main-sepkv", "sofadb-go-hand", "r783-recycle", "r1075-wal-zstd",
  ]
  private static let forms: [[String]] = [
    [], ["--json", "--internal"], ["--layout"], ["--properties"], ["--manifest"], ["--wal"], ["--find", "key000012"],
  ]

  @Test(arguments: names)
  func damageEndsInAStatus(name: String) throws {
    let source = Fixtures.path("databases/\(name)/db")
    var random = SeededRandom(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let scratch = try TemporaryDirectory()
    let copy = scratch.path + "/db"
    for round in 0..<12 {
      try FileManager.default.copyItem(atPath: source, toPath: copy)
      let files = try FileManager.default.contentsOfDirectory(atPath: copy).sorted()
      for _ in 0...round % 3 {
        let url = URL(fileURLWithPath: copy + "/" + files[Int.random(in: 0..<files.count, using: &random)])
        try Self.damage(Data(contentsOf: url), &random).write(to: url)
      }
      for form in Self.forms {
        let run = ToolRun(["dump", copy] + form)
        #expect([0, 1, 3, 4].contains(run.status.code), "\(form) \(run.status) \(run.errors)")
        #expect(run.status == .ok || !run.errors.isEmpty)
      }
      try FileManager.default.removeItem(atPath: copy)
    }
  }

  /// A flipped bit, a byte of all ones, a cut, zeros, or a doubled stretch.
  private static func damage(_ data: Data, _ random: inout SeededRandom) -> Data {
    var bytes = [UInt8](data)
    guard !bytes.isEmpty else { return Data([UInt8(0xFF), 0x00, 0x01]) }
    let position = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[position] = 0xFF
    case 2: bytes.removeLast(bytes.count - position)
    case 3: for index in position..<min(position + 100, bytes.count) { bytes[index] = 0 }
    default: bytes.insert(contentsOf: bytes[position..<min(position + 50, bytes.count)], at: position)
    }
    return Data(bytes)
  }
}
