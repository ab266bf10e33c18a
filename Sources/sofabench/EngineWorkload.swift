import CommandKit

/// What `sofabench engine` can do, by the names of `db_bench`.
enum EngineWorkload: String, CommandLineChoice {
  case fillseq, fillrandom, overwrite, fillsync, readrandom, readmissing, readseq, readreverse, seekrandom
  case readwhilewriting, deleterandom, flush, compact, waitforcompaction, stats

  var summary: String {
    switch self {
    case .fillseq: "writes in the order of the keys"
    case .fillrandom: "writes in random order, into a new database"
    case .overwrite: "writes in random order"
    case .fillsync: "writes in random order, each made durable"
    case .readrandom: "looks keys up in random order"
    case .readmissing: "looks up keys that are not there"
    case .readseq: "walks forward"
    case .readreverse: "walks backward"
    case .seekrandom: "positions a cursor at random keys"
    case .readwhilewriting: "looks keys up while one more thread writes"
    case .deleterandom: "removes in random order"
    case .flush: "writes memory to tables"
    case .compact: "merges everything into one level"
    case .waitforcompaction: "waits until nothing is left to do"
    case .stats: "prints what the engine counted"
    }
  }

  /// Begins with an empty database.
  var isFresh: Bool { self == .fillseq || self == .fillrandom || self == .fillsync }
  /// Threads share the operations; otherwise each thread does all.
  var isShared: Bool {
    switch self {
    case .fillseq, .fillrandom, .overwrite, .fillsync, .deleterandom: true
    default: false
    }
  }
  /// Done once, by one thread.
  var isSingle: Bool { self == .flush || self == .compact || self == .waitforcompaction }
}
