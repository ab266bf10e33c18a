/// A disk with its cache, as a value: a copy is cheap and stays as it was.
///
/// A file holds the bytes that programs see, and how many of them the device has for certain (`durableCount`). The
/// ends of the appends since the last sync are kept, because each may reach the device or not. A folder holds the
/// names that programs see, the durable names, and the changes between the two in order. Syncing a file makes its
/// bytes durable and not its name; syncing a folder makes names durable and no bytes. A log may have zeros behind its
/// bytes, which later bytes replace: whichever of those reach the device, the file is as long as before.
import Glibc
import SofaDB

public struct SimulatedDisk: Sendable {
  struct File: Sendable {
    var bytes: [UInt8] = []
    var durableCount = 0
    /// Of the durable bytes.
    var digest = Digest128()
    /// Where each append since the last sync ended.
    var writes: [Int] = []
    /// Bytes that a failed sync left in the cache as clean: no later sync writes them.
    var lost: [Range<Int>] = []

    /// Where the zeros end that programs see behind the bytes, and where those end that the device has for certain; of
    /// no meaning within the bytes.
    var zerosEnd = 0
    var durableZerosEnd = 0

    /// The size that programs see.
    var end: Int { max(bytes.count, zerosEnd) }

    var isSettled: Bool {
      durableCount == bytes.count && lost.isEmpty && max(zerosEnd, durableZerosEnd) <= bytes.count
    }
  }

  struct NameChange: Sendable {
    enum Change: Sendable {
      case add(String, Int)
      case remove(String)
      case move(String, to: String, Int)
    }
    var change: Change
    /// Counts the name changes of the whole disk.
    var order: Int

    func apply(to names: inout [String: Int]) {
      switch change {
      case .add(let name, let node): names[name] = node
      case .remove(let name): names[name] = nil
      case .move(let from, let target, let node):
        names[from] = nil
        names[target] = node
      }
    }
  }

  struct Folder: Sendable {
    var names: [String: Int] = [:]
    var durable: [String: Int] = [:]
    var changes: [NameChange] = []
    var isRemoved = false
  }

  static let root = 0

  var files: [Int: File] = [:]
  var folders: [Int: Folder] = [root: Folder()]
  /// Symbolic links, devices and the like: only their kind matters.
  var specials: [Int: FileAttributes.Kind] = [:]
  private var nextNode = 1
  private var nextOrder = 0

  // MARK: Names

  func node(_ name: String, in folder: Int) -> Int? { folders[folder]?.names[name] }

  func kind(of node: Int) -> FileAttributes.Kind {
    files[node] != nil ? .file : folders[node] != nil ? .directory : specials[node] ?? .other
  }

  func linkCount(of node: Int) -> Int {
    if folders[node] != nil { return 2 }
    return folders.values.reduce(0) { $0 + $1.names.values.reduce(0) { $0 + ($1 == node ? 1 : 0) } }
  }

  private mutating func change(_ folder: Int, _ change: NameChange.Change) {
    let change = NameChange(change: change, order: nextOrder)
    nextOrder += 1
    change.apply(to: &folders[folder, default: Folder()].names)
    folders[folder, default: Folder()].changes.append(change)
  }

  private mutating func add(_ name: String, in folder: Int) throws(SystemCode) -> Int {
    guard folders[folder]?.isRemoved == false else { throw SystemCode(ENOENT) }
    guard node(name, in: folder) == nil else { throw SystemCode(EEXIST) }
    let node = nextNode
    nextNode += 1
    change(folder, .add(name, node))
    return node
  }

  mutating func createFile(_ name: String, in folder: Int) throws(SystemCode) -> Int {
    let node = try add(name, in: folder)
    files[node] = File()
    return node
  }

  mutating func createFolder(_ name: String, in folder: Int) throws(SystemCode) -> Int {
    let node = try add(name, in: folder)
    folders[node] = Folder()
    return node
  }

  mutating func createSpecial(_ kind: FileAttributes.Kind, _ name: String, in folder: Int) throws(SystemCode) {
    specials[try add(name, in: folder)] = kind
  }

  mutating func link(_ name: String, in folder: Int, into other: Int, as target: String) throws(SystemCode) {
    guard let source = node(name, in: folder) else { throw SystemCode(ENOENT) }
    guard folders[other]?.isRemoved == false else { throw SystemCode(ENOENT) }
    guard node(target, in: other) == nil else { throw SystemCode(EEXIST) }
    guard folders[source] == nil else { throw SystemCode(EPERM) }
    change(other, .add(target, source))
  }

  mutating func rename(_ from: String, to target: String, in folder: Int, replacing: Bool) throws(SystemCode) {
    guard let source = node(from, in: folder) else { throw SystemCode(ENOENT) }
    if let old = node(target, in: folder) {
      guard replacing else { throw SystemCode(EEXIST) }
      // Two links of one file: rename succeeds and does nothing.
      if old == source { return }
      if let replaced = folders[old] {
        guard folders[source] != nil else { throw SystemCode(EISDIR) }
        guard replaced.names.isEmpty else { throw SystemCode(ENOTEMPTY) }
        folders[old]?.isRemoved = true
      } else if folders[source] != nil {
        throw SystemCode(ENOTDIR)
      }
    }
    change(folder, .move(from, to: target, source))
  }

  mutating func removeFile(_ name: String, in folder: Int) throws(SystemCode) {
    guard let node = node(name, in: folder) else { throw SystemCode(ENOENT) }
    guard folders[node] == nil else { throw SystemCode(EISDIR) }
    change(folder, .remove(name))
  }

  mutating func removeFolder(_ name: String, in folder: Int) throws(SystemCode) {
    guard let node = node(name, in: folder) else { throw SystemCode(ENOENT) }
    guard let removed = folders[node] else { throw SystemCode(ENOTDIR) }
    guard removed.names.isEmpty else { throw SystemCode(ENOTEMPTY) }
    folders[node]?.isRemoved = true
    change(folder, .remove(name))
  }

  // MARK: Bytes

  mutating func append(_ bytes: UnsafeRawBufferPointer, to node: Int) {
    guard !bytes.isEmpty else { return }
    files[node, default: File()].bytes.append(contentsOf: bytes)
    let end = files[node]?.bytes.count ?? 0
    files[node, default: File()].writes.append(end)
  }

  /// Zeros up to `end`, behind the bytes.
  mutating func reserve(_ end: Int, of node: Int) { files[node]?.zerosEnd = end }

  /// Takes the zeros behind the bytes away; they may come back in a crash.
  mutating func cut(_ node: Int) { files[node]?.zerosEnd = 0 }

  func read(_ node: Int, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
    guard let file = files[node], offset < UInt64(file.end) else { return 0 }
    let count = min(buffer.count, file.end - Int(offset))
    let data = Int(offset)..<max(Int(offset), min(Int(offset) + count, file.bytes.count))
    file.bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(rebasing: buffer[..<data.count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[data.clamped(to: 0..<source.count)]))
    }
    UnsafeMutableRawBufferPointer(rebasing: buffer[data.count..<count]).initializeMemory(as: UInt8.self, repeating: 0)
    return count
  }

  // MARK: Durability

  mutating func syncFile(_ node: Int) {
    guard var file = files.removeValue(forKey: node) else { return }
    if file.durableCount < file.bytes.count {
      file.digest.add(file.content(upTo: file.bytes.count)[file.durableCount...])
    }
    file.durableCount = file.bytes.count
    file.durableZerosEnd = file.zerosEnd
    file.writes = []
    files[node] = file
  }

  mutating func syncFolder(_ node: Int) {
    let names = folders[node]?.names ?? [:]
    folders[node]?.durable = names
    folders[node]?.changes = []
  }

  /// A sync failed: the device does not have what was pending, and the cache believes that it does. `reverting`
  /// drops the bytes from the cache too.
  mutating func losePending(of node: Int, reverting: Bool) {
    guard var file = files.removeValue(forKey: node) else { return }
    let range = file.durableCount..<file.bytes.count
    if !range.isEmpty {
      file.lost.append(range)
      if reverting { file.bytes.replaceSubrange(range, with: repeatElement(0, count: range.count)) }
    }
    file.writes = []
    files[node] = file
  }

  /// Everything reaches the device.
  mutating func settle() {
    for node in Array(files.keys) { syncFile(node) }
    for node in Array(folders.keys) { syncFolder(node) }
  }

  /// Frees what no name reaches, now or after a crash, and no handle in `opened`.
  mutating func collect(opened: some Sequence<Int>) {
    var reached = Set(opened)
    reached.insert(SimulatedDisk.root)
    var unvisited = Array(reached)
    while let node = unvisited.popLast() {
      guard let folder = folders[node] else { continue }
      var nodes = Array(folder.names.values) + Array(folder.durable.values)
      for case .add(_, let node) in folder.changes.map(\.change) { nodes.append(node) }
      for node in nodes where reached.insert(node).inserted { unvisited.append(node) }
    }
    for node in files.keys where !reached.contains(node) { files[node] = nil }
    for node in folders.keys where !reached.contains(node) { folders[node] = nil }
    for node in specials.keys where !reached.contains(node) { specials[node] = nil }
  }

  /// Of all names and contents that a program would find, on a disk where nothing is pending.
  func digest() -> Digest128 {
    var digest = Digest128()
    add(SimulatedDisk.root, to: &digest)
    return digest
  }

  private func add(_ folder: Int, to digest: inout Digest128) {
    let names = folders[folder]?.names ?? [:]
    digest.add(UInt64(names.count))
    for (name, node) in names.sorted(by: { $0.key < $1.key }) {
      digest.add(name)
      switch kind(of: node) {
      case .file: digest.add(files[node]?.digest ?? Digest128())
      case .directory: add(node, to: &digest)
      case .symbolicLink: digest.add(1)
      case .other: digest.add(2)
      }
    }
  }
}

extension SimulatedDisk.File {
  /// What the device would hold of the first `count` bytes.
  func content(upTo count: Int) -> [UInt8] {
    var content = Array(bytes[..<count])
    for range in lost {
      let range = range.clamped(to: 0..<count)
      content.replaceSubrange(range, with: repeatElement(0, count: range.count))
    }
    return content
  }
}

/// The errno of a simulated call.
public struct SystemCode: Error, Hashable, Sendable {
  public let code: Int32

  public init(_ code: Int32) {
    self.code = code
  }
}
