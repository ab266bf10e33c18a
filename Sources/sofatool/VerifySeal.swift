import CommandKit
import SofaDB

/// The seals of one run of `verify`: the one to compare with and the one to make.
struct VerifySeal {
  /// Longer key files are taken for a mistake.
  private static let largestKey: UInt64 = 1 << 16

  private let key: [UInt8]?
  private let against: Seal?
  private let digests: FileDigests?
  private let target: OutputFile?
  private let path: String
  private let context: ToolContext

  /// Reads the key and the seal to compare with, and begins the new one, so that what is wrong with their paths shows
  /// before hours of reading.
  init(_ invocation: Invocation, _ scope: PathScope, _ context: ToolContext) throws {
    self.context = context
    path = scope.path
    key = try invocation[VerifyCommand.sealKey].map { try VerifySeal.key($0, context.fileSystem) }
    let key = key
    against = try invocation[VerifyCommand.againstSeal].map { path in
      guard let file = try FileTarget.file(at: path, context.fileSystem) else {
        throw DatabaseError(.invalid, file: path, "a directory, where a seal is meant")
      }
      return try Seal(file.open(), key: key)
    }
    digests = invocation[VerifyCommand.seal] == nil && against == nil ? nil : FileDigests()
    guard let output = invocation[VerifyCommand.seal] else {
      target = nil
      return
    }
    let isLoose = if case .tables = scope.content { true } else { false }
    if !isLoose { try OutputFile.refuse(output, inside: scope.path, context.fileSystem) }
    target = try OutputFile(
      at: output, replacing: invocation[VerifyCommand.overwrite], access: .owner, context.fileSystem)
  }

  static func checkOptions(_ invocation: Invocation) throws {
    try invocation.require(VerifyCommand.seal, with: VerifyCommand.overwrite)
    let hasSeal = invocation[VerifyCommand.seal] != nil || invocation[VerifyCommand.againstSeal] != nil
    if invocation[VerifyCommand.sealKey] != nil, !hasSeal {
      throw UsageError("option '--seal-key-file' needs '--seal' or '--against-seal'")
    }
  }

  /// All bytes of the file, which nobody but its owner may use.
  private static func key(_ path: String, _ fileSystem: any FileSystem) throws(DatabaseError) -> [UInt8] {
    guard let target = try FileTarget.file(at: path, fileSystem) else {
      throw DatabaseError(.invalid, file: path, "a directory, where a key file is meant")
    }
    guard let attributes = try target.directory.attributes(of: target.name), attributes.permissions & 0o077 == 0 else {
      throw DatabaseError(
        .permissionDenied, file: path, "others may use this key file: take their rights away (chmod 600)")
    }
    let file = try target.open()
    guard file.size > 0, file.size <= largestKey else {
      throw DatabaseError(.invalid, file: path, "a key has 1 to 65536 bytes")
    }
    let content = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(content) { [UInt8](content.bytes) }
  }

  func prepare(_ verify: inout Verify) {
    verify.seal = against
    verify.digests = digests
  }

  /// Makes the new seal, unless the files are not worth it: sealed damage would pass for sound from then on.
  func finish(_ summary: FindingSummary, isQuiet: Bool) throws {
    guard let target, let digests else { return }
    guard summary.isComplete, summary.worst != .error else {
      target.discard()
      context.console.warn("no seal was made: only what was read in full and without errors is sealed")
      return
    }
    let seal = digests.seal(created: context.time.now)
    do throws(DatabaseError) {
      var content = ByteWriter()
      content.append(seal.encoded(source: path, key: key))
      try target.write(content.bytes)
      try target.commit()
    } catch {
      target.discard()
      throw error
    }
    if !isQuiet { context.console.note("sealed \(seal.files.count) files") }
  }

  /// After a run that ended without a verdict.
  func discard() { target?.discard() }
}
