import SofaDB

/// The code of the tutorial, which `TutorialTests` runs. Between the marks stands what the page shows, line for line.
struct GettingStarted {
  let path: String
  /// What the tutorial finds out on its way.
  private(set) var found: [String] = []

  init(path: String) { self.path = path }

  mutating func run() throws {
    let database = try firstSteps()
    try batches(database)
    try cursors(database)
    try snapshots(database)
    try families(database)
    try transactions(database)
    try checkpoints(database)
    try ending(database)
  }

  private mutating func firstSteps() throws -> Database {
    // <page>
    let database = try Database.open(path)

    try database.put(Array("fruit/apple".utf8), Array("green".utf8))
    try database.put(Array("fruit/cherry".utf8), Array("red".utf8), WriteOptions(sync: true))
    try database.delete(Array("fruit/quince".utf8))

    if let value = try database.get(Array("fruit/apple".utf8)) {
      found.append("the apple is \(String(decoding: value, as: UTF8.self))")
    }
    // </page>
    return database
  }

  private func batches(_ database: Database) throws {
    // <page>
    var batch = WriteBatch()
    for name in ["banana", "lemon"] {
      try batch.put(Array("fruit/\(name)".utf8), Array("yellow".utf8))
    }
    try batch.delete(Array("fruit/cherry".utf8))
    try database.write(&batch, WriteOptions(sync: true))
    // </page>
  }

  private mutating func cursors(_ database: Database) throws {
    // <page>
    var cursor = try database.cursor(prefix: Array("fruit/".utf8))
    try cursor.seekToFirst()
    while cursor.isValid {
      let key = String(decoding: cursor.key, as: UTF8.self)
      let value = String(decoding: cursor.value, as: UTF8.self)
      found.append("\(key) = \(value)")
      try cursor.next()
    }
    // </page>
  }

  private mutating func snapshots(_ database: Database) throws {
    // <page>
    let before = database.snapshot()
    try database.put(Array("fruit/apple".utf8), Array("rotten".utf8))
    if let then = try database.get(Array("fruit/apple".utf8), at: before) {
      found.append("the apple was \(String(decoding: then, as: UTF8.self))")
    }
    // </page>
  }

  private mutating func families(_ database: Database) throws {
    // <page>
    var counting = FamilyOptions()
    counting.mergeOperator = .uint64Add
    let stock = try database.createFamily("stock", options: counting)

    let three: [UInt8] = [3, 0, 0, 0, 0, 0, 0, 0]
    try database.merge(Array("apple".utf8), three, in: stock)
    try database.merge(Array("apple".utf8), three, in: stock)
    if let count = try database.get(Array("apple".utf8), in: stock) {
      found.append("\(count[0]) apples")
    }
    // </page>
  }

  private mutating func transactions(_ database: Database) throws {
    // <page>
    let price = Array("price/apple".utf8)
    while true {
      let transaction = database.transaction()
      let cents = try transaction.getForUpdate(price)?.first ?? 40
      try transaction.put(price, [cents + 5])
      do throws(DatabaseError) {
        try transaction.commit(WriteOptions(sync: true))
        found.append("an apple costs \(cents + 5) cents")
        break
      } catch {
        // Somebody else has changed the price: once more, from the new one.
        guard error.kind == .conflict else { throw error }
      }
    }
    // </page>
  }

  private func checkpoints(_ database: Database) throws {
    // <page>
    try database.checkpoint(to: path + "-backup")
    // </page>
  }

  private func ending(_ database: Database) throws {
    // <page>
    do throws(DatabaseError) {
      try database.put(Array("fruit/grape".utf8), Array("blue".utf8), WriteOptions(sync: true))
    } catch {
      guard error.kind == .noSpace else { throw error }
      // The write is not there. Make room, then:
      try database.resume()
    }
    // </page>
    // <page>
    try database.close()
    // </page>
  }
}
