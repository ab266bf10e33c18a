import Foundation
import SofaTesting
import Testing

@testable import SofaDB

/// Files beyond what may be kept open are read all the same.
@Suite struct OpenFileBudgetTests {
  private let temporary: TemporaryDirectory
  private let directory: any Directory

  init() throws {
    temporary = try TemporaryDirectory()
    directory = try PosixFileSystem(openFiles: 2).directory(at: temporary.path)
    for number in 0..<6 { try write("file \(number)", "\(number)") }
  }

  private func write(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: temporary.path + "/" + name))
  }

  private func text(_ file: any RandomAccessFile) throws -> String {
    let bytes = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(bytes) { String(decoding: bytes.bytes, as: UTF8.self) }
  }

  /// Names of this process's descriptors below the directory.
  private func open() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
      var target = [CChar](repeating: 0, count: 4096)
      let count = readlink("/proc/self/fd/" + name, &target, target.count)
      return count > 0
        && String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
          .hasPrefix(temporary.path + "/")
    }.count
  }

  @Test func noMoreAreKeptOpen() throws {
    var files = try (0..<6).map { try directory.open("\($0)") }
    #expect(try open() == 2)
    for (number, file) in files.enumerated() {
      #expect(try text(file) == "file \(number)" && file.size == 6)
      file.adviseSequential()
      file.dropCache(offset: 0, length: 6)
      #expect(file.cachedBytes != nil)
    }
    #expect(try open() == 2)
    files.removeAll()
    #expect(try open() == 0)
    let again = try (0..<3).map { try directory.open("\($0)") }
    #expect(try open() == 2)
    withExtendedLifetime(again) {}
  }

  @Test func whatTookTheNameIsNotRead() throws {
    let files = try (0..<6).map { try directory.open("\($0)") }
    for number in 0..<6 {
      try FileManager.default.removeItem(atPath: temporary.path + "/\(number)")
      if number == 5 { continue }
      try write("other", "new")
      try FileManager.default.moveItem(atPath: temporary.path + "/new", toPath: temporary.path + "/\(number)")
    }
    for number in 0..<2 { #expect(try text(files[number]) == "file \(number)") }
    for number in 2..<5 {
      let error = #expect(throws: DatabaseError.self) { _ = try text(files[number]) }
      #expect(error?.kind == .locked)
      #expect(files[number].cachedBytes == nil)
    }
    let error = #expect(throws: DatabaseError.self) { _ = try text(files[5]) }
    #expect(error?.kind == .notFound)
  }
}
