/// Typed names for the properties that readers, writers and reports use most.
extension TableProperties {
  private func count(_ name: PropertyName) -> UInt64 { number(name) ?? 0 }

  /// Entries of all kinds, range tombstones included. 0 when absent.
  public var entryCount: UInt64 {
    get { count(.entryCount) }
    set { set(.entryCount, newValue) }
  }
  /// Entries of the range deletion block.
  public var rangeDeletionCount: UInt64 {
    get { count(.rangeDeletionCount) }
    set { set(.rangeDeletionCount, newValue) }
  }
  /// Tombstones of all kinds, range tombstones included.
  public var deletionCount: UInt64 {
    get { count(.deletionCount) }
    set { set(.deletionCount, newValue) }
  }
  public var mergeOperandCount: UInt64 {
    get { count(.mergeOperandCount) }
    set { set(.mergeOperandCount, newValue) }
  }
  public var dataBlockCount: UInt64 {
    get { count(.dataBlockCount) }
    set { set(.dataBlockCount, newValue) }
  }
  /// Sum of the lengths of all internal keys, in bytes.
  public var rawKeySize: UInt64 {
    get { count(.rawKeySize) }
    set { set(.rawKeySize, newValue) }
  }
  /// Sum of the lengths of all values, in bytes.
  public var rawValueSize: UInt64 {
    get { count(.rawValueSize) }
    set { set(.rawValueSize, newValue) }
  }
  /// The file offset behind the last data block.
  public var dataSize: UInt64 {
    get { count(.dataSize) }
    set { set(.dataSize, newValue) }
  }
  /// Uncompressed index contents and one trailer, in bytes.
  public var indexSize: UInt64 {
    get { count(.indexSize) }
    set { set(.indexSize, newValue) }
  }
  /// Filter bytes without trailers.
  public var filterSize: UInt64 {
    get { count(.filterSize) }
    set { set(.filterSize, newValue) }
  }
  public var filterEntryCount: UInt64 {
    get { count(.filterEntryCount) }
    set { set(.filterEntryCount, newValue) }
  }
  public var filterPolicy: String? {
    get { text(.filterPolicy) }
    set { set(.filterPolicy, newValue) }
  }
  /// The comparator's on-disk name.
  public var comparator: String? {
    get { text(.comparator) }
    set { set(.comparator, newValue) }
  }
  public var mergeOperator: String? {
    get { text(.mergeOperator) }
    set { set(.mergeOperator, newValue) }
  }
  /// The codec as the engines spell it; see the format's description for format version 7.
  public var compression: String? {
    get { text(.compression) }
    set { set(.compression, newValue) }
  }
  /// 0x7FFFFFFF in external files.
  public var columnFamilyID: UInt64? {
    get { number(.columnFamilyID) }
    set { set(.columnFamilyID, newValue) }
  }
  public var columnFamilyName: String? {
    get { text(.columnFamilyName) }
    set { set(.columnFamilyName, newValue) }
  }
  /// A copy of the footer's, 0 from some engines.
  public var formatVersion: UInt64 {
    get { count(.formatVersion) }
    set { set(.formatVersion, newValue) }
  }
  /// Seconds since 1970; 0 is unknown.
  public var creationTime: UInt64 {
    get { count(.creationTime) }
    set { set(.creationTime, newValue) }
  }
  /// Seconds since 1970; 0 is unknown.
  public var fileCreationTime: UInt64 {
    get { count(.fileCreationTime) }
    set { set(.fileCreationTime, newValue) }
  }
  /// Seconds since 1970; 0 is unknown.
  public var oldestKeyTime: UInt64 {
    get { count(.oldestKeyTime) }
    set { set(.oldestKeyTime, newValue) }
  }
  /// The raw number; 0 when absent, as in LevelDB. See `IndexFormat`.
  public var indexType: UInt64 {
    get { count(.indexType) }
    set { set(.indexType, newValue) }
  }
  public var indexKeysAreUserKeys: Bool {
    get { count(.indexKeysAreUserKeys) != 0 }
    set { set(.indexKeysAreUserKeys, newValue ? 1 : 0) }
  }
  public var indexValuesAreDeltaEncoded: Bool {
    get { count(.indexValuesAreDeltaEncoded) != 0 }
    set { set(.indexValuesAreDeltaEncoded, newValue ? 1 : 0) }
  }
  /// Whether the filter holds whole keys; absent counts as true.
  public var wholeKeyFiltering: Bool {
    get { text(.wholeKeyFiltering) != "0" }
    set { set(.wholeKeyFiltering, newValue ? "1" : "0") }
  }
  /// Whether the filter holds prefixes.
  public var prefixFiltering: Bool {
    get { text(.prefixFiltering) == "1" }
    set { set(.prefixFiltering, newValue ? "1" : "0") }
  }
  /// Marks an external file: 1, or 2 where a global sequence number may replace the stored ones.
  public var externalVersion: UInt64? {
    get { number(.externalVersion) }
    set { set(.externalVersion, newValue) }
  }
  /// The sequence number of all entries of an external file as far as the file knows it.
  public var globalSequence: SequenceNumber? {
    get { number(.globalSequence) }
    set { set(.globalSequence, newValue) }
  }
  /// False where user timestamps were stripped from every stored key.
  public var timestampsPersisted: Bool {
    get { number(.timestampsPersisted) != 0 }
    set { set(.timestampsPersisted, newValue ? nil : 0) }
  }
  /// Whether entries may refer to records between the data blocks of the same file.
  public var hasEmbeddedBlobs: Bool { self[.embeddedBlobs] != nil }
}
