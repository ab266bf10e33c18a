/// A file of the simulated file system, opened for reading.
import SofaDB

final class SimulatedReadFile: RandomAccessFile {
  private let system: SimulatedFileSystem
  private let node: Int
  let name: String
  let size: UInt64

  init(_ system: SimulatedFileSystem, node: Int, name: String, size: UInt64) {
    self.system = system
    self.node = node
    self.name = name
    self.size = size
  }

  deinit { system.update { $0.dropHandle(node) } }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DatabaseError) -> Int {
    nonisolated(unsafe) let buffer = buffer
    var call = FileOperation(index: 0, kind: .read, path: name)
    call.count = buffer.count
    return try system.perform(call) { (state, fault) throws(SystemCode) in
      let count = fault == .shortRead ? buffer.count / 2 : buffer.count
      return state.disk.read(
        self.node, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset)
    }
  }

  func adviseSequential() {}

  func dropCache(offset: UInt64, length: UInt64) {}
}
