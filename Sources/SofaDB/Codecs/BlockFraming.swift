/// What stands before the compressed bytes of a block: it depends on the table's format, not on the block.
///
///     codec          sized                     unsized                                leveldb
///     Snappy         (length within)           same                                   same
///     zlib           varint32 size, deflate    deflate                                bare zstd frame, else as unsized
///     LZ4, LZ4HC     varint32 size, block      fixed32 size, 4 ignored bytes, block   as unsized
///     zstd           varint32 size, frame      same                                   same
public enum BlockFraming: Sendable {
  /// format_version 2 and later.
  case sized
  /// The legacy footer of RocksDB, and format_version 1.
  case unsized
  /// LevelDB's tables: the legacy footer without properties. Type 2 is zstd when the frame's magic says so.
  case leveldb
}
