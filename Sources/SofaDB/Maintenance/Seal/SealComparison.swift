/// Holds the files of a database against a seal.
///
/// A file with the sealed name must have the sealed bytes: engines never change one and never use a number twice. The
/// MANIFEST grows, so only the sealed length of it is compared; it may not be shorter, and CURRENT may not go back to
/// an older one. Files that are gone or new are what compactions and flushes leave: information.
struct SealComparison {
  /// Names that a remark lists before it only counts.
  private static let listed = 3

  private let seal: Seal
  private let digests: FileDigests
  private let directory: any ReadableDirectory
  /// The live one; nil when it cannot be read, and for loose tables.
  private let manifest: String?
  /// For loose tables, what was not asked for is not missed.
  private let isDatabase: Bool
  private var gone: [String] = []
  private var findings: [Finding] = []

  init(
    _ seal: Seal, _ digests: FileDigests, _ directory: any ReadableDirectory, manifest: String?, isDatabase: Bool
  ) {
    self.seal = seal
    self.digests = digests
    self.directory = directory
    self.manifest = manifest
    self.isDatabase = isDatabase
  }

  /// Throws what the disk throws.
  mutating func run() throws(DatabaseError) -> [Finding] {
    for file in seal.files {
      switch DatabaseFile(name: file.name) {
      case .current: try compareCurrent(file)
      case .manifest(let number): try compareManifest(file, number)
      default: try compare(file)
      }
    }
    let sealed = Set(seal.files.map(\.name))
    let new = digests.names.filter { name in
      if case .manifest = DatabaseFile(name: name) { false } else { !sealed.contains(name) }
    }
    remark(gone, "sealed and gone since: compactions remove tables that they replaced")
    remark(new, "newer than the seal: written by flushes or compactions, and not covered by it")
    return findings
  }

  private mutating func compare(_ file: Seal.File) throws(DatabaseError) {
    guard let now = digests[file.name] else {
      let isMissed = isDatabase ? true : try directory.attributes(of: file.name) == nil
      if isMissed { gone.append(file.name) }
      return
    }
    guard now.digest != file.digest || now.size != file.size else { return }
    differ(
      file, now.digest,
      now.size == file.size
        ? "bytes changed since the file was sealed" : "sealed with \(file.size) bytes, it has \(now.size) now")
  }

  /// CURRENT is replaced whenever an engine starts a new MANIFEST; while it names the same one it stays as it is.
  private mutating func compareCurrent(_ file: Seal.File) throws(DatabaseError) {
    guard isDatabase, let manifest, seal.files.contains(where: { $0.name == manifest }) else { return }
    try compare(file)
  }

  private mutating func compareManifest(_ file: Seal.File, _ number: UInt64) throws(DatabaseError) {
    guard isDatabase, let manifest, case .manifest(let current) = DatabaseFile(name: manifest) else { return }
    guard manifest == file.name else {
      if current < number {
        add(file, "CURRENT names \(manifest), which is older than the MANIFEST that was sealed: the database went back")
      } else {
        gone.append(file.name)
      }
      return
    }
    guard let now = digests[manifest] else { return }
    if now.size == file.size { return try compare(file) }
    guard now.size > file.size else {
      return add(
        file, "the MANIFEST was sealed with \(file.size) bytes and has \(now.size) now: its last edits are lost")
    }
    let digest = try prefixDigest(file)
    if digest != file.digest { differ(file, digest, "bytes changed since the MANIFEST was sealed") }
  }

  private func prefixDigest(_ file: Seal.File) throws(DatabaseError) -> [UInt8] {
    let opened = try directory.open(file.name)
    var hash = SHA256()
    var offset: UInt64 = 0
    while offset < file.size {
      let piece = try opened.readExactly(Int(min(UInt64(ReadPace.piece), file.size - offset)), at: offset)
      withExtendedLifetime(piece) { hash.update(piece.bytes) }
      offset += UInt64(piece.count)
    }
    return hash.digest()
  }

  private mutating func differ(_ file: Seal.File, _ digest: [UInt8], _ detail: String) {
    add(file, detail)
    findings[findings.count - 1].stored = SealComparison.text(file.digest)
    findings[findings.count - 1].computed = SealComparison.text(digest)
  }

  private mutating func add(_ file: Seal.File, _ detail: String) {
    findings.append(Finding(.fileDigest, file: file.name, detail: "\(detail) (seal of \(seal.created))"))
  }

  private mutating func remark(_ names: [String], _ detail: String) {
    guard !names.isEmpty else { return }
    let shown = names.prefix(SealComparison.listed).map { EscapedText.printable($0) }.joined(separator: ", ")
    let rest = names.count > SealComparison.listed ? " and \(names.count - SealComparison.listed) more" : ""
    findings.append(
      Finding(
        .fileDigest, severity: .info, file: names.count == 1 ? names[0] : nil,
        detail: names.count == 1 ? detail : "\(shown)\(rest): \(detail)"))
  }

  private static func text(_ digest: [UInt8]) -> String {
    var hex = ByteWriter(capacity: 64)
    digest.withUnsafeBytes { HexText.append($0, to: &hex) }
    return "0x" + String(decoding: hex.bytes, as: UTF8.self)
  }
}
