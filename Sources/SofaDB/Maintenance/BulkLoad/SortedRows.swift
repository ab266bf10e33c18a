/// Takes rows that come in key order, checks that they do, and passes them to the tables. One thread, one row in
/// memory.
struct SortedRows: ~Copyable {
  private let order: KeyOrder
  private(set) var emitter: RowEmitter
  private var row = ByteWriter(capacity: 4096)
  /// The key before, and the first of all.
  private var last = ByteWriter(capacity: 256)
  private(set) var firstKey: [UInt8]?

  init(order: KeyOrder, emitter: consuming RowEmitter) {
    self.order = order
    self.emitter = emitter
  }

  var lastKey: UnsafeRawBufferPointer { last.bytes }

  /// False, and nothing is taken, when the key is smaller than the one before.
  mutating func add(
    key: UnsafeRawBufferPointer, trailer: UInt64, value: UnsafeRawBufferPointer
  ) throws(DatabaseError) -> Bool {
    if firstKey == nil {
      firstKey = [UInt8](key)
    } else if order.compare(last.bytes, key) > 0 {
      return false
    }
    last.removeAll()
    last.append(key)
    row.removeAll()
    let size = EncodedRow.overhead + key.count + value.count
    let place = row.reserve(size)
    EncodedRow.write(key: key, trailer: trailer, value: value, at: place)
    row.commit(size)
    try emitter.offer(EncodedRow(place))
    return true
  }

  /// Ends the tables.
  mutating func finish() throws(DatabaseError) {
    try emitter.flush()
    if emitter.conflict == nil { try emitter.finish() }
  }

  var product: TableProduction.Product { TableProduction.Product(emitter) }
}
