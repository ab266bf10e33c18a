import SofaDB

/// The examples of the landing page and of README. Between the marks stands what they show, with a path of their own.
enum ShortExamples {
  static func landing(_ path: String) throws -> [UInt8]? {
    // <page>
    let database = try Database.open(path)
    try database.put(Array("fruit".utf8), Array("apple".utf8))
    let value = try database.get(Array("fruit".utf8))
    try database.close()
    // </page>
    return value
  }

  static func readme(_ path: String) throws -> [String] {
    // <page>
    let database = try Database.open(path)
    var batch = WriteBatch()
    try batch.put(Array("user/1".utf8), Array("Ada".utf8))
    try batch.put(Array("user/2".utf8), Array("Grace".utf8))
    try database.write(&batch, WriteOptions(sync: true))  // both or none, and on the disk

    var names: [String] = []
    var cursor = try database.cursor(prefix: Array("user/".utf8))
    try cursor.seekToFirst()
    while cursor.isValid {
      names.append(String(decoding: cursor.key, as: UTF8.self))
      try cursor.next()
    }
    try database.close()
    // </page>
    return names
  }
}
