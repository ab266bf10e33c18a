/// LevelDB itself as the judge, through Debian's python3-plyvel. Where it is not installed tests say so:
///
///     @Test(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"))
import Foundation

public enum LevelDBOracle {
  public static let missing = "no LevelDB (python3-plyvel) is installed"
  static let python = "/usr/bin/python3"

  public static let isAvailable: Bool = {
    do {
      return try ChildProcess.run(python, ["-c", "import plyvel"]).status == 0
    } catch {
      return false
    }
  }()

  /// Why LevelDB did not do it.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Everything that a reader sees, in order; each key is also got through its filter. `bits` is the Bloom filter
  /// policy that the database is opened with, 0 for none. LevelDB recovers logs, so the directory changes.
  public static func scan(_ path: String, bits: Int = 10) throws -> [(key: [UInt8], value: [UInt8])] {
    let text = try run(
      """
      import sys, plyvel
      db = plyvel.DB(sys.argv[1], create_if_missing=False, paranoid_checks=True, bloom_filter_bits=int(sys.argv[2]))
      for key, value in db.iterator(verify_checksums=True):
          if db.get(key, verify_checksums=True) != value: sys.exit('get differs at ' + key.hex())
          print(key.hex() + ' ' + value.hex())
      db.close()
      """, [path, "\(bits)"])
    return text.split(separator: "\n").map { line in
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      return (Vectors.bytes(hex: String(parts[0])), Vectors.bytes(hex: String(parts[1])))
    }
  }

  /// Opens or makes the database at `path`, applies `operations` one by one, and closes it. A nil value deletes; with
  /// `compacting` everything ends in tables.
  public static func write(
    _ path: String, _ operations: [(key: [UInt8], value: [UInt8]?)], bits: Int = 0, compacting: Bool = false
  ) throws {
    let lines = operations.map { hex($0.key) + " " + ($0.value.map(hex) ?? "-") }
    _ = try run(
      """
      import sys, plyvel
      db = plyvel.DB(sys.argv[1], create_if_missing=True, write_buffer_size=1 << 16, block_size=1024,
          bloom_filter_bits=int(sys.argv[2]))
      for line in sys.stdin:
          key, value = line.rstrip('\\n').split(' ')
          if value == '-': db.delete(bytes.fromhex(key))
          else: db.put(bytes.fromhex(key), bytes.fromhex(value))
      if sys.argv[3] == '1': db.compact_range()
      db.close()
      """, [path, "\(bits)", compacting ? "1" : "0"], input: Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func run(_ script: String, _ arguments: [String], input: [UInt8] = []) throws -> String {
    let outcome = try ChildProcess.run(python, ["-c", script] + arguments, input: input)
    guard outcome.status == 0 else { throw Failure(description: "LevelDB: \(outcome.errors.suffix(600))") }
    return outcome.text
  }
}
