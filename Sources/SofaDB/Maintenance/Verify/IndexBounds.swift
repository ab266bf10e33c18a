/// The keys of an index that stand around one data block, as stored and borrowed:
///
///     separatorBefore, partitionBefore < firstKey of the block ... its last key <= separator, partition
///
/// A reader comes to a block by all of them, level by level, so each has to hold on its own.
struct IndexBounds {
  /// The separator of the block before; nil for the first block.
  var separatorBefore: UnsafeRawBufferPointer?
  /// The top level's separator of the partition before, for the first block of a partition.
  var partitionBefore: UnsafeRawBufferPointer?
  /// The block's first key, where the index repeats it.
  var firstKey: UnsafeRawBufferPointer?
  var separator: UnsafeRawBufferPointer?
  /// The top level's separator of this partition, for the last block of one.
  var partition: UnsafeRawBufferPointer?
}
