/// A column family of an open database, by which its calls name it. It stays usable, for errors, after the family was
/// dropped.
public final class LiveFamily: Sendable {
  /// Its number in logs and MANIFEST, never used again; 0 for `default`.
  public let id: UInt32
  /// Unique among the families that are there.
  public let name: String
  /// The order of its keys, for ever.
  public let order: KeyOrder
  /// As they were when the database was opened or the family made.
  public let options: FamilyOptions
  let picker: CompactionPicker

  init(id: UInt32, name: String, order: KeyOrder, options: FamilyOptions) {
    self.id = id
    self.name = name
    self.order = order
    self.options = options
    picker = CompactionPicker(options.compaction)
  }
}
