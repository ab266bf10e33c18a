/// The lock that offline commands hold keeps the engines themselves out, and is kept whatever the process opens and
/// closes meanwhile. Museum H7, H8.
import SofaTesting
import Testing

@testable import SofaDB

@Suite struct LockOracleTests {
  private func copy(_ fixture: String) throws -> (TemporaryDirectory, String) {
    let scratch = try TemporaryDirectory()
    let source = try PosixFileSystem().readableDirectory(at: Fixtures.path("databases/\(fixture)/db"))
    let target = try PosixFileSystem().directory(at: scratch.path).createDirectory("db")
    try copyTree(from: source, to: target)
    return (scratch, scratch.path + "/db")
  }

  @Test(.enabled(if: RocksOracle.isAvailable, "\(RocksOracle.missing)"))
  func rocksDBCannotOpenMeanwhile() throws {
    let oracle = try #require(RocksOracle.shared)
    let (scratch, path) = try copy("r783-levels")
    defer { withExtendedLifetime(scratch) {} }
    let database = try ExclusiveDatabase(path, in: PosixFileSystem())
    // Closing another descriptor of the file drops a classic lock of the process, not this one.
    _ = try PosixFileSystem().readableDirectory(at: path).lockState(of: "LOCK")
    let second = #expect(throws: DatabaseError.self) { _ = try ExclusiveDatabase(path, in: PosixFileSystem()) }
    #expect(second?.kind == .locked)
    let refused = try oracle.outcome(["reopen", path])
    #expect(refused.status != 0 && refused.errors.contains("lock"), "\(refused.errors)")
    database.close()
    #expect(try oracle.outcome(["reopen", path]).status == 0)
    #expect(try PosixFileSystem().directory(at: path).attributes(of: "LOCK") != nil)
  }

  @Test(.enabled(if: LevelDBOracle.isAvailable, "\(LevelDBOracle.missing)"))
  func levelDBCannotOpenMeanwhile() throws {
    let (scratch, path) = try copy("l123-levels")
    defer { withExtendedLifetime(scratch) {} }
    let database = try ExclusiveDatabase(path, in: PosixFileSystem())
    let refused = #expect(throws: LevelDBOracle.Failure.self) { _ = try LevelDBOracle.scan(path) }
    #expect(refused?.description.contains("lock") == true, "\(String(describing: refused))")
    database.close()
    #expect(try !LevelDBOracle.scan(path).isEmpty)
  }
}
