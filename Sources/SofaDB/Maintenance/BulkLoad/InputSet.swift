/// The opened inputs of a load.
struct InputSet {
  let sources: [any InputSource]
  /// The inputs if all of them are files.
  let files: [any RandomAccessFile]?

  init(_ inputs: [LoadInput], in fileSystem: any FileSystem) throws(DatabaseError) {
    var sources: [any InputSource] = []
    var files: [any RandomAccessFile] = []
    for input in inputs {
      switch input {
      case .stream(let source): sources.append(source)
      case .path(let path):
        let parts = try PathParts(path)
        let file = try fileSystem.readableDirectory(at: parts.directory).open(parts.name)
        files.append(file)
        sources.append(FileInput(file: file))
      }
    }
    self.sources = sources
    self.files = files.count == sources.count ? files : nil
  }

  var names: [String] { sources.map(\.name) }

  /// Bytes; nil when some input does not say.
  var size: UInt64? {
    var sum: UInt64 = 0
    for source in sources {
      guard let size = source.size else { return nil }
      sum += size
    }
    return sum
  }
}
