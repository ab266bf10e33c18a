/// Which engine's MANIFEST it is. LevelDB refuses every tag that it does not know; RocksDB reads both.
public enum ManifestDialect: Sendable { case rocksdb, leveldb }
