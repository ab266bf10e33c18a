/// What a block of a table holds.
public enum BlockKind: Sendable, Hashable, CaseIterable {
  case data
  /// The index, or its top level when it is partitioned.
  case index
  case indexPartition
  /// One of the two meta blocks of a hash-search index: optional accelerators.
  case hashIndex
  /// An index of a plug-in: opaque, the standard index is complete without it.
  case userDefinedIndex
  /// A full or a block-based filter.
  case filter
  case filterIndex
  case filterPartition
  case dictionary
  case rangeDeletions
  case properties
  case metaindex
  case footer
  /// A record between data blocks that entries of the same file refer to.
  case embeddedBlob
  /// Named in the metaindex under a name that is not known.
  case other

  /// For messages: fits before "block" only where the thing is one.
  public var name: String {
    switch self {
    case .data: "data block"
    case .index: "index block"
    case .indexPartition: "index partition"
    case .hashIndex: "hash index block"
    case .userDefinedIndex: "user-defined index block"
    case .filter: "filter block"
    case .filterIndex: "filter index block"
    case .filterPartition: "filter partition"
    case .dictionary: "compression dictionary"
    case .rangeDeletions: "range deletion block"
    case .properties: "properties block"
    case .metaindex: "metaindex block"
    case .footer: "footer"
    case .embeddedBlob: "embedded blob"
    case .other: "block of an unknown kind"
    }
  }
}
